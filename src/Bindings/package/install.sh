#!/bin/sh
# Lays out an installed tree from what the target Install of Install.targets has built, and which calls it:
#
#   install.sh ROOT LIBDIR VERSION BUILDS RUNTIME
#
# ROOT is the prefix, below DestDir where there is one; LIBDIR is relative to it. BUILDS has a folder for each build, RUNTIME is
# the compiler's package, with the licence texts of what it links in.
set -eu
root=$1 libdir=$2 version=$3 builds=$4 runtime=$5
here=$(dirname "$0")
lib=$root/$libdir
soversion=${version%%.*}

# The way back from a folder in LIBDIR, such as pkgconfig, to the prefix.
up=..
for part in $(echo "$libdir" | tr / ' '); do up=$up/..; done

put() { # FOLDER FILE...
    folder=$1
    shift
    mkdir -p "$folder"
    install -m 644 "$@" "$folder"
}

fill() { # TEMPLATE FOLDER
    mkdir -p "$2"
    sed -e "s|@VERSION@|$version|g" -e "s|@SOVERSION@|$soversion|g" -e "s|@LIBDIR@|$libdir|g" -e "s|@UP@|$up|g" \
        "$here/$1.in" > "$2/$1.new"
    chmod 644 "$2/$1.new"
    mv "$2/$1.new" "$2/$1"
}

put "$root/include" "$here/../include/reclaim.h" "$here/../include/reclaim_policy.h"
put "$lib" "$builds/x86-64/libreclaim.a"
install -m 644 "$builds/x86-64/libreclaim.so" "$lib/libreclaim.so.$version"
ln -sfn "libreclaim.so.$version" "$lib/libreclaim.so.$soversion"
ln -sfn "libreclaim.so.$soversion" "$lib/libreclaim.so"
for level in x86-64-v3 x86-64-v4; do
    mkdir -p "$lib/glibc-hwcaps/$level"
    install -m 644 "$builds/$level/libreclaim.so" "$lib/glibc-hwcaps/$level/libreclaim.so.$soversion"
done

fill reclaim.pc "$lib/pkgconfig"
fill reclaim-static.pc "$lib/pkgconfig"
fill reclaimConfig.cmake "$lib/cmake/reclaim"
fill reclaimConfigVersion.cmake "$lib/cmake/reclaim"

licenses=$root/share/licenses/libreclaim
put "$licenses" "$here/../../../LICENSE" "$here/NOTICE"
install -m 644 "$runtime/LICENSE.TXT" "$licenses/dotnet-LICENSE"
install -m 644 "$runtime/THIRD-PARTY-NOTICES.TXT" "$licenses/dotnet-THIRD-PARTY-NOTICES"

using BenchmarkDotNet.Running;
using ReclaimNative.Bench.Consumers;
using ReclaimNative.Bench.Library;
using ReclaimNative.Bench.Ratios;
using ReclaimNative.Bench.Requests;
using ReclaimNative.Bench.Snapshots;

if (args is ["ratios", .. string[] rest])
    return RatioProgram.Run(rest);
if (args is ["requests", .. string[] none])
    return RequestProgram.Run(none);
if (args is ["snapshots", .. string[] nothing])
    return SnapshotProgram.Run(nothing);
if (args is ["consumers", .. string[] options])
    return ConsumerProgram.Run(options);
if (args is ["library", .. string[] given])
    return LibraryProgram.Run(given);
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
return 0;

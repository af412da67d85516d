"""The C library from Python, by ctypes of the standard library alone: how many faults a trace has under several policies, what a
request for memory back would take, and what an error looks like.

    dotnet publish src/Bindings -c Release -o out
    python3 examples/python/reclaim_demo.py out/libreclaim.so
"""
import ctypes
import random
import sys
from ctypes import POINTER, Structure, byref, c_char_p, c_int32, c_uint32, c_uint64, c_void_p, sizeof

WRITE = 0x80000000            # RECLAIM_WRITE
NUL_TERMINATED = 2**64 - 1    # RECLAIM_NUL_TERMINATED
Handle = c_void_p             # all handles are numbers of 64 bits


class NodeOptions(Structure):
    _fields_ = [("pages", c_uint64), ("tier", c_uint32), ("reserved", c_uint32)]


class Page(Structure):
    _fields_ = [("space", Handle), ("page", c_uint64), ("node", c_uint32), ("flags", c_uint32), ("file", Handle), ("cookie", c_uint64),
                ("to_node", c_uint32), ("reserved", c_uint32)]


class Sized(Structure):
    """A struct of the library that begins with its size.  Fields that are left out at its end count as zero."""

    def __init__(self, **fields):
        super().__init__(struct_size=sizeof(self), **fields)


def sized(name, *fields):
    return type(name, (Sized,), {"_fields_": [("struct_size", c_uint32), *fields]})


PageOut = ctypes.CFUNCTYPE(c_int32, c_void_p, POINTER(Page))
EngineOptions = sized(
    "EngineOptions", ("flags", c_uint32), ("nodes", POINTER(NodeOptions)), ("node_count", c_uint32), ("node_size", c_uint32),
    ("policies", c_char_p), ("policies_length", c_uint64), ("memcgs", c_uint32), ("address_spaces", c_uint32), ("leaf_tables", c_uint32),
    ("reserved", c_uint32), ("swap_pages", c_uint64), ("page_out", PageOut), ("page_in", c_void_p), ("context", c_void_p))
MemcgOptions = sized(
    "MemcgOptions", ("flags", c_uint32), ("parent", Handle), ("name", c_char_p), ("name_length", c_uint64), ("policy", c_char_p),
    ("policy_length", c_uint64))
AddressSpaceOptions = sized("AddressSpaceOptions", ("home_node", c_uint32), ("pages", c_uint64), ("memcg", Handle))
Tally = sized(
    "Tally", ("reserved", c_uint32), ("processed", c_uint64), ("hits", c_uint64), ("minor_faults", c_uint64), ("cold_faults", c_uint64),
    ("refaults", c_uint64), ("refused", c_uint64))
Request = sized(
    "Request", ("flags", c_uint32), ("pages", c_uint64), ("memcg", Handle), ("nodes", c_uint64), ("swappiness", c_uint32),
    ("victim_size", c_uint32), ("victims", POINTER(Page)), ("victim_capacity", c_uint64))
Result = sized("Result", ("stop", c_uint32), ("reclaimed", c_uint64), ("scanned", c_uint64), ("refused", c_uint64), ("victims", c_uint64))


class ReclaimError(Exception):
    """A call that failed: its status, and the library's own sentence."""


class Library:
    """The functions that the demo needs; a call that fails raises ReclaimError."""

    SIGNATURES = {
        "reclaim_engine_create": [POINTER(EngineOptions), POINTER(Handle)],
        "reclaim_engine_destroy": [Handle],
        "reclaim_engine_preview": [Handle, POINTER(Request), POINTER(Result)],
        "reclaim_memcg_create": [Handle, POINTER(MemcgOptions), POINTER(Handle)],
        "reclaim_memcg_set_max": [Handle, c_uint64],
        "reclaim_address_space_create": [Handle, POINTER(AddressSpaceOptions), POINTER(Handle)],
        "reclaim_address_space_access": [Handle, POINTER(c_uint32), c_uint64, POINTER(Tally)],
    }

    def __init__(self, path):
        library = ctypes.CDLL(path)
        library.reclaim_status_name.restype = c_char_p
        library.reclaim_last_error.restype = c_char_p

        def check(status, function, arguments):
            if status != 0:
                raise ReclaimError(f"{library.reclaim_status_name(status).decode()}: {library.reclaim_last_error().decode()}")
            return status

        for name, arguments in self.SIGNATURES.items():
            function = getattr(library, name)
            function.argtypes, function.restype, function.errcheck = arguments, c_int32, check
            setattr(self, name.removeprefix("reclaim_"), function)

    def create(self, function, *arguments):
        handle = Handle()
        getattr(self, function)(*arguments, byref(handle))
        return handle


def trace(pages, accesses):
    """Few pages are used often, every fifth access writes, and now and then everything is read from end to end."""
    draw = random.Random(7)
    words = []
    while len(words) < accesses:
        words += [int(pages * draw.random() ** 4) | (WRITE if draw.random() < 0.2 else 0) for _ in range(5 * pages)]
        words += range(pages)
    return (c_uint32 * accesses)(*words[:accesses])


def main(path):
    library = Library(path)
    pages, memory, policies = 4000, 1000, "lru,clock,sieve,s3fifo,classic,mglru"
    words = trace(pages, 200_000)

    written = 0

    @PageOut  # has to live as long as the engine
    def page_out(context, page):
        nonlocal written
        written += page.contents.flags & 1
        return 0  # RECLAIM_EVICT

    nodes = (NodeOptions * 1)(NodeOptions(pages=65536))
    engine = library.create("engine_create", EngineOptions(
        nodes=nodes, node_count=1, node_size=sizeof(NodeOptions), policies=policies.encode(),
        policies_length=NUL_TERMINATED, page_out=page_out))

    print(f"{len(words)} accesses to {pages} pages in {memory} pages of memory\npolicy   faults  written")
    for policy in policies.split(","):
        name = policy.encode()
        memcg = library.create("memcg_create", engine, MemcgOptions(
            name=name, name_length=NUL_TERMINATED, policy=name, policy_length=NUL_TERMINATED))
        library.memcg_set_max(memcg, memory)
        space = library.create("address_space_create", engine, AddressSpaceOptions(pages=pages, memcg=memcg))
        tally, written = Tally(), 0
        library.address_space_access(space, words, len(words), tally)
        print(f"{policy:8} {tally.cold_faults + tally.refaults:6} {written:8}")

    victims, result = (Page * 64)(), Result()
    library.engine_preview(engine, Request(pages=8, memcg=memcg, victim_size=sizeof(Page), victims=victims, victim_capacity=64), result)
    print(f"the {result.victims} pages that {policy} would give up next: {' '.join(str(page.page) for page in victims[:result.victims])}")

    try:
        library.address_space_access(space, (c_uint32 * 1)(pages), 1, None)
    except ReclaimError as refused:
        print(f"refused: {refused}")
    library.engine_destroy(engine)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: reclaim_demo.py PATH_OF_LIBRECLAIM_SO")
    main(sys.argv[1])

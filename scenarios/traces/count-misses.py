#!/usr/bin/env python3
"""Exact miss counts of a u32 page trace under plain policies: count-misses.py TRACE.u32[.gz] [PER_CENT...]

Written apart from the engine, as simply as possible, to have numbers to test the engine against. A cache of
C pages (per cent of the unique pages, rounded down), empty at first; every access counts; writes are accesses.
"""
import array
import gzip
import hashlib
import heapq
import sys
from collections import OrderedDict, deque


def fifo(trace, size):
    resident, queue, misses = set(), deque(), 0
    for page in trace:
        if page in resident:
            continue
        misses += 1
        if len(resident) == size:
            resident.remove(queue.popleft())
        resident.add(page)
        queue.append(page)
    return misses


def lru(trace, size):
    resident, misses = OrderedDict(), 0  # least recently used first
    for page in trace:
        if page in resident:
            resident.move_to_end(page)
            continue
        misses += 1
        if len(resident) == size:
            resident.popitem(last=False)
        resident[page] = None
    return misses


def clock(trace, size):
    """Reference bit 0 on load, 1 on a hit; the hand clears and passes set bits."""
    referenced, queue, misses = {}, deque(), 0  # the hand is at the left end
    for page in trace:
        if page in referenced:
            referenced[page] = True
            continue
        misses += 1
        if len(referenced) == size:
            while referenced[queue[0]]:
                referenced[queue[0]] = False
                queue.rotate(-1)
            del referenced[queue.popleft()]
        referenced[page] = False
        queue.append(page)
    return misses


def opt(trace, size):
    """Belady: evict the page whose next use is farthest away."""
    never = len(trace)
    next_use, seen = [0] * len(trace), {}
    for i in range(len(trace) - 1, -1, -1):
        next_use[i] = seen.get(trace[i], never)
        seen[trace[i]] = i
    resident, farthest, misses = {}, [], 0  # page -> next use; heap with stale entries
    for i, page in enumerate(trace):
        if page not in resident:
            misses += 1
            if len(resident) == size:
                while True:
                    when, victim = heapq.heappop(farthest)
                    if resident.get(victim) == -when:
                        break
                del resident[victim]
        resident[page] = next_use[i]
        heapq.heappush(farthest, (-next_use[i], page))
    return misses


def main():
    name = sys.argv[1]
    with (gzip.open if name.endswith(".gz") else open)(name, "rb") as f:
        data = f.read()
    accesses = array.array("I", data)
    if sys.byteorder == "big":
        accesses.byteswap()
    trace = [access & 0x7FFFFFFF for access in accesses]
    unique = len(set(trace))
    print("sha256", hashlib.sha256(data).hexdigest())
    print("accesses", len(trace), "unique", unique, "highest", max(trace), "writes", sum(a >> 31 for a in accesses))
    for share in map(int, sys.argv[2:] or (10, 25, 50, 75)):
        size = unique * share // 100
        print(share, "%", size, "pages:", *("%s %d" % (f.__name__, f(trace, size)) for f in (fifo, lru, clock, opt)), flush=True)


main()

using System.Runtime.InteropServices;
using ReclaimNative.Machine;
using ReclaimNative.PageTables;
using ReclaimNative.Policies;
using ReclaimNative.Tests.Model;

namespace ReclaimNative.Tests.Policies.Foreign;

/// <summary>
/// No operation of a C policy allocates. The core can't see it, since the C heap is not the runtime's; a test can, by putting itself
/// between the policy and malloc.
/// </summary>
public unsafe class PolicyAllocationTests
{
    private const string Counting = """

        #include <stddef.h>
        extern long allocations;
        long allocations;
        void *__real_malloc(size_t bytes);
        void *__real_calloc(size_t count, size_t bytes);
        void *__real_realloc(void *old, size_t bytes);
        void *__wrap_malloc(size_t bytes);
        void *__wrap_calloc(size_t count, size_t bytes);
        void *__wrap_realloc(void *old, size_t bytes);
        void *__wrap_malloc(size_t bytes) { allocations++; return __real_malloc(bytes); }
        void *__wrap_calloc(size_t count, size_t bytes) { allocations++; return __real_calloc(count, bytes); }
        void *__wrap_realloc(void *old, size_t bytes) { allocations++; return __real_realloc(old, bytes); }
        """;

    private const string Allocates = """
        #include <stdlib.h>
        #include "reclaim_policy.h"
        static void on_event(reclaim_lruvec_t *lru, uint32_t folio, uint32_t what)
        {
            void *volatile kept = malloc(16);
            (void)lru, (void)folio, (void)what;
            free(kept);
        }
        static const reclaim_policy_t policy = {
            .struct_size = sizeof(reclaim_policy_t), .abi = RECLAIM_POLICY_ABI, .name = "callocates", .on_event = on_event,
        };
        const reclaim_policy_t *reclaim_policy(void) { return &policy; }
        """;

    [Test]
    public void TheExamplesAllocateNothing([Values("fifo", "s3fifo")] string name) =>
        Assert.That(AllocationsOf(File.ReadAllText(Path.Combine(CCompiler.Root, "examples", "policies", name + ".c")), name), Is.Zero);

    [Test]
    public void OneThatAllocatesIsFound() => Assert.That(AllocationsOf(Allocates, "callocates"), Is.GreaterThan(1000));

    private static long AllocationsOf(string source, string name)
    {
        string path = CCompiler.Library("counted-" + name, source + Counting, "-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc");
        PolicyDefinition policy = PolicyDefinition.OfLibrary(path);
        using Engine engine = SmallMachine.WithRoom(policy);
        MemoryCgroup memcg = engine.CreateMemcg("m");
        engine.SetMax(memcg, 100);
        AddressSpace space = engine.CreateAddressSpace("s", 500, memcg);
        var random = new Random(1);
        AccessTally tally = default;
        for (int step = 0; step < 5000; step++)
            engine.Access(space, [(uint)random.Next(500)], ref tally);
        Assert.That(tally.Refused, Is.Zero);
        return *(long*)NativeLibrary.GetExport(NativeLibrary.Load(path), "allocations");
    }
}

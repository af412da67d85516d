using ReclaimNative.Machine;
using ReclaimNative.PageTables;
using ReclaimNative.Reclaim;

namespace ReclaimNative.Tests.Model;

/// <summary>
/// Two nodes, the second of a lower tier, nested cgroups with anonymous and file pages on both, used to different degrees by a fixed seed, and
/// an owner that agrees to everything and notes it.
/// </summary>
public sealed class TieredMachine : IDisposable
{
    public const ulong SpacePages = 600;

    public TieredMachine(string form, int seed, Func<EngineOptions, EngineOptions>? vary = null)
    {
        EngineOptions options = SmallMachine.Form(form) with
        {
            Nodes = [new NodeOptions(1500), new NodeOptions(1500, 1)],
            Demotion = true,
            Backing = Owner,
        };
        Engine = new Engine(vary is null ? options : vary(options));
        MemoryCgroup outer = Engine.CreateMemcg("outer");
        Memcgs = [outer, Engine.CreateMemcg("a", outer), Engine.CreateMemcg("b", outer), Engine.CreateMemcg("c")];
        Spaces = [.. Enumerable.Range(0, 4).Select(i => Engine.CreateAddressSpace($"s{i}", SpacePages, Memcgs[i % 3 + 1], i % 2))];
        File = Engine.CreateFile(400);
        foreach (AddressSpace space in Spaces)
            Engine.Map(space, 300, SpacePages, File, space.Id % 2 == 0 ? 0ul : 50);
        Run(seed, 6000);
    }

    public Engine Engine { get; }

    public MemoryCgroup[] Memcgs { get; }

    public AddressSpace[] Spaces { get; }

    public PageFile File { get; }

    public NotingOwner Owner { get; } = new();

    /// <summary>Accesses by a seed: most to a third of the pages, a quarter of them writes.</summary>
    public void Run(int seed, int accesses)
    {
        var random = new Random(seed);
        AccessTally tally = default;
        for (int i = 0; i < accesses; i++)
        {
            AddressSpace space = Spaces[random.Next(Spaces.Length)];
            uint page = (uint)(random.Next(4) == 0 ? random.Next((int)SpacePages) : random.Next(100) + (300 * random.Next(2)));
            Engine.Access(space, [random.Next(4) == 0 ? page | Engine.WriteBit : page], ref tally);
            if (i % 50 == 0)
                Engine.NowMs += 10;
        }
    }

    public void Dispose() => Engine.Dispose();

    /// <summary>Agrees to everything, unless told otherwise, and notes it.</summary>
    public sealed class NotingOwner : Backing
    {
        public List<ProposedPage> Noted { get; } = [];

        /// <summary>Called with each page that would go out.</summary>
        public Func<BackedPage, bool>? Asked { get; set; }

        public override PageAnswer PageOut(in BackedPage page)
        {
            if (Asked is not null && !Asked(page))
                return PageAnswer.Keep;
            Noted.Add(new ProposedPage(page, null));
            return PageAnswer.Evict;
        }

        public override bool Migrate(in BackedPage page, int toNode)
        {
            Noted.Add(new ProposedPage(page, toNode));
            return true;
        }
    }
}

using ReclaimNative.Machine;
using ReclaimNative.PageTables;
using ReclaimNative.Reclaim;

namespace ReclaimNative.Tests.Model;

/// <summary>Proposals against a model that knows of each proposed page only whether it was used and whether it is pinned.</summary>
public class ProposalModelTests
{
    private static readonly string[] Forms =
    [
        .. SmallMachine.PolicyNames, "classic mglru fifo", "s3fifo arc 2q lfu", "lirs clockpro lruk wtinylfu", "mglru/unordered", "classic/concurrent",
        "mglru/unordered/concurrent", "mglru/identity", "mglru/unordered/identity", "lru sieve/identity", "mglru@6.1/6.1", "classic@6.12+walk mglru@6.12/6.12",
        "classic mglru/demotion", "lru s3fifo clock/demotion", "mglru/unordered/demotion",
    ];

    [Test]
    public void EveryAnswerIsTheOneThatTheModelGives([ValueSource(nameof(Forms))] string form, [Values(1, 2, 3)] int seed, [Values] bool advisor)
    {
        using var machine = new ProposingMachine(form, seed, advisor);
        for (int step = 0; step < 700; step++)
        {
            string? problem = machine.Step();
            Assert.That(problem, Is.Null, $"{form}, seed {seed}, step {step}: {machine.LastStep}");
        }

        Assert.That(
            machine.Outcomes, Is.SupersetOf(new[] { PageOutcome.Done, PageOutcome.NotProposed, PageOutcome.Accessed, PageOutcome.Pinned }), "what the run reaches");
        Assert.That(machine.Engine.Read(machine.Engine.Root, Observe.Counter.policy_overrides), Is.Zero, "no policy is handed a page that is on no list");
    }
}

/// <summary>A machine of two nodes whose owner proposes, commits, aborts, uses, pins, drops and rebinds by lot.</summary>
internal sealed class ProposingMachine : IDisposable
{
    private const ulong SpacePages = 500;

    private readonly Random _random;
    private readonly string[] _policies;
    private readonly MemoryCgroup[] _memcgs;
    private readonly AddressSpace[] _spaces;
    private readonly PageFile? _file;
    private readonly Dictionary<(object Owner, ulong Page), Known> _proposed = [];
    private readonly HashSet<(object Owner, ulong Page)> _pinned = [];
    private readonly Dictionary<(object Owner, ulong Page), ulong> _cookies = [];
    private AccessTally _tally;

    public ProposingMachine(string form, int seed, bool advisor)
    {
        _random = new Random(seed);
        EngineOptions options = SmallMachine.Form(form);
        _policies = [.. options.Policies.Select(p => p.Name)];
        Engine = new Engine(options with
        {
            Nodes = options.Identity ? [new NodeOptions(1536), new NodeOptions(1024, 1)] : [new NodeOptions(420), new NodeOptions(300, 1)],
            Memcgs = 4,
            AddressSpaces = 4,
            LeafTables = options.Identity ? null : options.LeafTables,
            SwapPages = 700,
            Advisor = advisor,
            Cookies = true,
        });
        MemoryCgroup a = Engine.CreateMemcg("a", null, _policies[0]);
        MemoryCgroup b = Engine.CreateMemcg("b", a, _policies[^1]);
        _memcgs = [Engine.Root, a, b];
        _spaces = [Engine.CreateAddressSpace("0", SpacePages, a), Engine.CreateAddressSpace("1", SpacePages, b, options.Identity ? 1 : 0)];
        if (options.Identity)
        {
            Engine.SetMax(a, 400);
            return;
        }

        _file = Engine.CreateFile(200);
        Engine.Map(_spaces[0], 0, 100, _file, 50);
        Engine.Map(_spaces[1], 50, 100, _file, 20, VmaFlags.NoRecency);
    }

    public Engine Engine { get; }

    public string LastStep { get; private set; } = "";

    public HashSet<PageOutcome> Outcomes { get; } = [];

    public void Dispose() => Engine.Dispose();

    public string? Step()
    {
        string? problem = Do(_random.Next(100));
        return problem ?? FindLoss() ?? Engine.Validate();
    }

    private string? Do(int dice) => dice switch
    {
        < 30 => Access(),
        < 40 => Add(),
        < 45 => Read(),
        < 57 => Propose(),
        < 75 => Commit(),
        < 84 => Abort(),
        < 90 => Pin(),
        < 92 => Discard(),
        < 93 => Remove(),
        < 95 => Move(),
        < 96 => Rebind(),
        < 98 => Reclaim(),
        _ => Preview(),
    };

    private string? Access()
    {
        AddressSpace space = Any(_spaces);
        uint page = AnyPage(space);
        bool write = _random.Next(3) == 0;
        LastStep = $"access of {space.Name} {page}";
        bool mapped = Engine.IsResident(space, page);
        if (Engine.Access(space, [page | (write ? Engine.WriteBit : 0)], ref _tally) == 1 && Engine.IsResident(space, page))
            NoteUse(KeyOf(space, page), mapped ? 1 << space.Id : Known.Noted);
        return null;
    }

    private string? Add()
    {
        AddressSpace space = Any(_spaces);
        uint page = AnyPage(space);
        if (!space.IsAnonymous(page))
            return null;
        ulong cookie = (ulong)_random.NextInt64();
        int node = Engine.Machine.IsIdentity ? space.HomeNode : _random.Next(2);
        LastStep = $"addition of {space.Name} {page} on node {node}";
        bool was = Engine.IsResident(space, page);
        uint free = Engine.Nodes[node].Free;
        if (!Engine.Add(space, page, node, cookie))
        {
            if (was)
                return "a page that is in memory was refused";
            return Engine.Machine.IsAdvisor && free > 0 && !Engine.Machine.IsIdentity ? "there was room on the node" : null;
        }

        NoteUse((space, page));
        _cookies[(space, page)] = cookie;
        return null;
    }

    private string? Read()
    {
        if (_file is null)
            return null;
        ulong page = (ulong)_random.Next(200);
        LastStep = $"read of file page {page}";
        if (Engine.AccessFile(_file, page, _random.Next(4) == 0, Any(_memcgs), 0, ref _tally))
            NoteUse((_file, page));
        return null;
    }

    private string? Propose()
    {
        MemoryCgroup? memcg = _random.Next(4) == 0 ? null : Any(_memcgs);
        var pages = new ProposedPage[1 + _random.Next(50)];
        long wanted = 1 + _random.Next(60);
        long before = Engine.Read(Engine.Root, Observe.Counter.pgsteal_proactive);
        ReclaimResult result = Engine.Propose(new ReclaimRequest(wanted, memcg), pages);
        LastStep = $"proposal of {wanted} of {memcg?.Path ?? "the machine"}, got {result.Reclaimed} for an array of {pages.Length}";
        if (result.Reclaimed > Math.Min(wanted, pages.Length))
            return "more than asked for";
        if (result.Stop == ReclaimStop.Done && result.Reclaimed != Math.Min(wanted, pages.Length))
            return "done with less than asked for";
        if (Engine.Read(Engine.Root, Observe.Counter.pgsteal_proactive) != before)
            return "what is proposed is counted as stolen";
        for (int i = 0; i < result.Reclaimed; i++)
        {
            var key = KeyOf(pages[i].Page);
            if (_pinned.Contains(key))
                return $"{key} is pinned and proposed";
            if (!_proposed.TryAdd(key, new Known(pages[i])))
                return $"{key} is proposed twice";
            if (key.Owner is AddressSpace && pages[i].Page.Cookie != _cookies.GetValueOrDefault(key))
                return $"{key} has cookie {pages[i].Page.Cookie} and was given {_cookies.GetValueOrDefault(key)}";
        }

        return null;
    }

    private string? Commit()
    {
        if (((_random.Next(4) == 0 ? AnyPinned() : null) ?? AnyProposed()) is not { } page)
            return null;
        var key = KeyOf(page.Page);
        bool known = _proposed.Remove(key, out Known? state);
        PageOutcome expected = !known ? PageOutcome.NotProposed
            : _pinned.Contains(key) ? PageOutcome.Pinned
            : state!.Used ? PageOutcome.Accessed
            : page.ToNode is { } to && Engine.Nodes[to].Free <= Engine.Nodes[to].Watermarks.Min ? PageOutcome.NoMemory
            : PageOutcome.Done;
        PageOutcome outcome = Engine.Commit(page);
        LastStep = $"commit of {key} {state}: {outcome}";
        Outcomes.Add(outcome);
        if (outcome != expected)
            return $"{expected} was expected";
        if (outcome == PageOutcome.Done && page.ToNode is null && key.Owner is AddressSpace space)
        {
            _cookies.Remove(key);
            if (Engine.IsResident(space, key.Page))
                return "it is still there";
        }

        return null;
    }

    private string? Abort()
    {
        if (AnyProposed() is not { } page)
            return null;
        var reason = (PageAnswer)_random.Next(1, 6);
        bool aborted = Engine.Abort(page.Page, reason);
        LastStep = $"abort of {KeyOf(page.Page)}: {reason}, {aborted}";
        return aborted == _proposed.Remove(KeyOf(page.Page)) ? null : "the model says the other thing";
    }

    private string? Pin()
    {
        AddressSpace space = Any(_spaces);
        ulong page = AnyProposed() is { Page.Space: { } its } proposed && _random.Next(5) != 0 ? proposed.Page.Page : AnyPage(space);
        if (_pinned.Count > 25)
        {
            (object owner, ulong at) = _pinned.First();
            LastStep = $"unpin {at}";
            _pinned.Remove((owner, at));
            Engine.SetPinned((AddressSpace)owner, at, false);
            return null;
        }

        LastStep = $"pin {space.Name} {page}";
        if (space.IsAnonymous(page) && Engine.SetPinned(space, page, true))
            _pinned.Add((space, page));
        return null;
    }

    private string? Discard()
    {
        AddressSpace space = Any(_spaces);
        ulong start = AnyPage(space);
        ulong end = Math.Min(space.Pages, start + 1 + (ulong)_random.Next(20));
        LastStep = $"discard of {space.Name} [{start}, {end})";

        // To unmap a page of a file that was used since is to use it, unless the area is one without recency.
        if (_file is not null)
        {
            for (ulong page = start; page < end; page++)
            {
                if (!space.IsAnonymous(page) && _proposed.TryGetValue(KeyOf(space, page), out Known? state))
                    state.Unmap(space.Id, noted: !ReferenceEquals(space, _spaces[1]));
            }
        }

        Engine.Discard(space, start, end);
        for (ulong page = start; page < end; page++)
        {
            if (!space.IsAnonymous(page))
                continue;
            _proposed.Remove((space, page));
            _pinned.Remove((space, page));
            _cookies.Remove((space, page));
        }

        return null;
    }

    private string? Remove()
    {
        AddressSpace space = Any(_spaces);
        ulong page = AnyPage(space);
        var key = KeyOf(space, page);
        LastStep = $"removal of {key}";
        Engine.Remove(new BackedPage(key.Owner as AddressSpace, key.Owner as PageFile, key.Page, false, 0));
        _proposed.Remove(key);
        _pinned.Remove(key);
        _cookies.Remove(key);
        return Engine.IsResident(space, page) ? "it is still there" : null;
    }

    private string? Move()
    {
        if (Engine.Machine.IsIdentity)
            return null;
        AddressSpace space = Any(_spaces);
        ulong page = AnyPage(space);
        var key = KeyOf(space, page);
        int to = _random.Next(2);
        bool there = Engine.IsResident(space, page);
        bool room = Engine.Nodes[to].Free > Engine.Nodes[to].Watermarks.Min;
        PageOutcome outcome = Engine.TryMove(new BackedPage(key.Owner as AddressSpace, key.Owner as PageFile, key.Page, false, 0), to);
        LastStep = $"move of {key} to node {to}: {outcome}";
        return outcome switch
        {
            PageOutcome.Done => there || key.Owner is PageFile,
            PageOutcome.Busy => _proposed.ContainsKey(key),
            PageOutcome.Pinned => _pinned.Contains(key),
            PageOutcome.NoMemory => !room,
            PageOutcome.NotResident => !there,
            _ => false,
        } ? null : "the model says the other thing";
    }

    private string? Rebind()
    {
        MemoryCgroup memcg = Any(_memcgs);
        string policy = Any(_policies);
        LastStep = $"{policy} for {memcg.Path}";
        if (Engine.PolicyNameOf(memcg) == policy)
            return null;
        foreach ((object Owner, ulong Page) key in _proposed.Keys.Where(k => MemcgOf(k) == memcg.Id).ToArray())
            _proposed.Remove(key);
        Engine.SetPolicy(memcg, policy);
        return null;
    }

    private string? Reclaim()
    {
        LastStep = "a request that evicts";
        Engine.Reclaim(new ReclaimRequest(20, Any(_memcgs)));
        return null;
    }

    private string? Preview()
    {
        LastStep = "a preview";
        List<ProposedPage> leaving = [];
        Engine.Preview(new ReclaimRequest(30, Any(_memcgs)), leaving);
        return leaving.Any(p => _proposed.ContainsKey(KeyOf(p.Page))) ? "a page that is proposed would leave" : null;
    }

    /// <summary>What is proposed is in memory, and says so.</summary>
    private string? FindLoss()
    {
        foreach (((object owner, ulong page), Known state) in _proposed)
        {
            if (!Engine.IsProposed(state.Page.Page))
                return $"page {page} of {owner} is proposed no longer";
            if (owner is AddressSpace space && !Engine.IsResident(space, page))
                return $"page {page} of {space.Name} is proposed and gone";
        }

        foreach (((object owner, ulong page), ulong cookie) in _cookies.ToArray())
        {
            if (!Engine.IsResident((AddressSpace)owner, page))
                _cookies.Remove((owner, page));
            else if (Engine.CookieOf(new BackedPage((AddressSpace)owner, null, page, false, 0)) != cookie)
                return $"page {page} of {owner} has lost its cookie";
        }

        return Engine.Machine.Proposed.Count == _proposed.Count ? null : $"{Engine.Machine.Proposed.Count} pages are proposed, and {_proposed.Count} are known";
    }

    private void NoteUse((object Owner, ulong Page) key, int through = Known.Noted)
    {
        if (_proposed.TryGetValue(key, out Known? state))
            state.Uses |= through;
    }

    private unsafe int MemcgOf((object Owner, ulong Page) key) => key.Owner is AddressSpace space
        ? space.MemcgId
        : Engine.Machine.Tables.FileMemcg[((PageFile)key.Owner).SlotOf(key.Page)];

    private static (object Owner, ulong Page) KeyOf(AddressSpace space, ulong page)
    {
        Vma vma = space.VmaAt(page);
        return vma.File is null ? (space, page) : (vma.File, vma.FileOffset + (page - vma.Start));
    }

    private static (object Owner, ulong Page) KeyOf(in BackedPage page) => (page.File ?? (object)page.Space!, page.Page);

    private ProposedPage? AnyProposed()
    {
        if (_random.Next(12) == 0)
        {
            AddressSpace space = _spaces[0];
            ulong page = 200 + (ulong)_random.Next(300);
            return _proposed.TryGetValue((space, page), out Known? known) ? known.Page : new ProposedPage(new BackedPage(space, null, page, false, 0), null);
        }

        return _proposed.Count == 0 ? null : _proposed.Values.ElementAt(_random.Next(_proposed.Count)).Page;
    }

    /// <summary>A page that is proposed and was pinned since, of which there are few.</summary>
    private ProposedPage? AnyPinned()
    {
        Known[] both = [.. _pinned.Where(_proposed.ContainsKey).Select(key => _proposed[key])];
        return both.Length == 0 ? null : Any(both).Page;
    }

    private uint AnyPage(AddressSpace space) => (uint)(_random.NextDouble() * _random.NextDouble() * space.Pages);

    private T Any<T>(IReadOnlyList<T> from) => from[_random.Next(from.Count)];

    private sealed class Known(ProposedPage page)
    {
        public ProposedPage Page { get; } = page;

        /// <summary>Used otherwise than through a mapping that was there.</summary>
        public const int Noted = 1 << 8;

        /// <summary>How it was used since: bit i through the mapping of space i, or <see cref="Noted"/>.</summary>
        public int Uses { get; set; }

        public bool Used => Uses != 0;

        /// <summary>A mapping goes, and with it what its bit said, unless that is noted as a use.</summary>
        public void Unmap(int space, bool noted)
        {
            if (noted && (Uses & (1 << space)) != 0)
                Uses |= Noted;
            Uses &= ~(1 << space);
        }

        public override string ToString() => Used ? "used" : "not used";
    }
}

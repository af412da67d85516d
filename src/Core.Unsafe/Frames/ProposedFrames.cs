using ReclaimNative.Concurrency;
using ReclaimNative.Memory;

namespace ReclaimNative.Frames;

/// <summary>What is known of a page that is proposed.</summary>
internal readonly struct Proposal(uint word)
{
    public const uint TargetMask = 0xFFFF;
    public const uint ExistsBit = 1u << 16;
    public const uint UsedBit = 1u << 17;
    public const uint MovesBit = 1u << 18;
    public const uint ForMachineBit = 1u << 19;

    /// <summary>The page is proposed.</summary>
    public bool Exists => (word & ExistsBit) != 0;

    /// <summary>Number of the cgroup that the request was for.</summary>
    public int Target => (int)(word & TargetMask);

    /// <summary>It is to move to a lower tier; else, if it is anonymous, a page of swap is taken for it.</summary>
    public bool Moves => (word & MovesBit) != 0;

    /// <summary>The request was for the whole machine, whose counters count it.</summary>
    public bool IsForMachine => (word & ForMachineBit) != 0;

    /// <summary>Somebody has seen it used since and has cleared what said so, or it was used by descriptor.</summary>
    public bool WasUsed => (word & UsedBit) != 0;
}

/// <summary>
/// Which frames hold pages that are proposed: <see cref="FolioFlags.Isolated"/>, on no list, in memory and charged until their owner
/// answers. A word for each frame, backed by memory only where something was ever proposed.
/// </summary>
/// <remarks>
/// Thread-safety: <see cref="Begin"/> is called by the frame's claimer, <see cref="End"/> with the lock of its page, each of which is one
/// atomic operation; who ends a proposal is the frame's claimer from then on. <see cref="MarkUsed"/> needs no lock.
/// </remarks>
internal sealed unsafe class ProposedFrames
{
    private readonly uint* _words;
    private readonly uint _frames;
    private readonly bool _concurrent;
    private long _count;

    public ProposedFrames(ColumnStore store, uint frames, bool concurrent)
    {
        _words = store.Reserve<uint>("proposal.terms", frames).Pointer;
        _frames = frames;
        _concurrent = concurrent;
    }

    /// <summary>Pages that are proposed now.</summary>
    public long Count => Volatile.Read(ref _count);

    /// <summary>What it keeps beside its column.</summary>
    public void Pass(StateLog log) => log.Pass(ref _count);

    /// <summary>Whether a frame's page is proposed. Cheap while none is.</summary>
    public bool Has(uint pfn) => Count != 0 && Of(pfn).Exists;

    public Proposal Of(uint pfn) => new(Volatile.Read(ref _words[pfn]));

    public void Begin(uint pfn, ushort target, bool moves, bool forMachine)
    {
        Volatile.Write(
            ref _words[pfn],
            target | Proposal.ExistsBit | (moves ? Proposal.MovesBit : 0) | (forMachine ? Proposal.ForMachineBit : 0));
        Atomic.Add(ref _count, 1, _concurrent);
    }

    /// <summary>Ends a proposal; what it was at its end.</summary>
    public Proposal End(uint pfn)
    {
        var ended = new Proposal(Atomic.Exchange(ref _words[pfn], 0u, _concurrent));
        if (ended.Exists)
            Atomic.Add(ref _count, -1, _concurrent);
        return ended;
    }

    /// <summary>A frame's page was used. Nothing, unless it is proposed.</summary>
    public void MarkUsed(uint pfn)
    {
        if (Count == 0)
            return;
        ref uint word = ref _words[pfn];
        uint was = Volatile.Read(ref word);
        while ((was & Proposal.ExistsBit) != 0)
        {
            uint seen = Atomic.CompareExchange(ref word, was | Proposal.UsedBit, was, _concurrent);
            if (seen == was)
                return;
            was = seen;
        }
    }

    /// <summary>The first proposed frame from <paramref name="pfn"/> on, or NoFrame.</summary>
    public uint Next(uint pfn)
    {
        if (Count == 0 || pfn >= _frames)
            return FrameTable.NoFrame;

        // A span has at most 2^31 elements and a machine up to 2^32 frames.
        while (pfn < _frames)
        {
            int length = (int)Math.Min(_frames - pfn, 1u << 30);
            int at = new ReadOnlySpan<uint>(_words + pfn, length).IndexOfAnyExcept(0u);
            if (at >= 0)
                return pfn + (uint)at;
            pfn += (uint)length;
        }

        return FrameTable.NoFrame;
    }
}

using System.Diagnostics;
using System.Text;
using ReclaimNative.Frames;
using ReclaimNative.Mechanisms;
using ReclaimNative.Policies;

namespace ReclaimNative.Tests.Policies.Bad;

// The corpus: policies that break the contract, each in one way. They share a base by delegation: what is not
// broken is the default, FIFO.

internal static class Bad
{
    public static PolicyDescriptor Named(string name) => new()
    {
        Name = name,
        Flags = PolicyFlags.IgnoresReferences | PolicyFlags.Concurrent,
        StateBytes = sizeof(ulong),
        WordsPerPage = 1,
        Lists = 2,
    };

    public static void IsolateFifo(PolicyView view, in ScanControl scan, ref FolioBatch batch) =>
        view.IsolateTail(0, (int)Math.Clamp(scan.NrToReclaim - scan.NrReclaimed, 0, FolioBatch.Capacity), ref batch);
}

/// <summary>Allocates managed memory in every isolation.</summary>
internal readonly struct Allocates : IReclaimPolicy
{
    private static object? _kept;

    public static PolicyDescriptor Describe() => Bad.Named("allocates");

    public static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch)
    {
        Volatile.Write(ref _kept, new byte[100]);
        Bad.IsolateFifo(view, scan, ref batch);
    }
}

/// <summary>Never returns a candidate.</summary>
internal readonly struct Withholds : IReclaimPolicy
{
    public static PolicyDescriptor Describe() => Bad.Named("withholds");

    public static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch)
    {
    }
}

/// <summary>Says that it looks, and never returns a candidate.</summary>
internal readonly struct Pretends : IReclaimPolicy
{
    public static PolicyDescriptor Describe() => Bad.Named("pretends");

    public static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch) =>
        batch.Examined = long.MaxValue;

    public static bool Continue(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget) => true;
}

/// <summary>Has no budget, ever.</summary>
internal readonly struct Refuses : IReclaimPolicy
{
    public static PolicyDescriptor Describe() => Bad.Named("refuses");

    public static bool Budget(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget) => false;
}

/// <summary>Keeps whatever it is asked about.</summary>
internal readonly struct KeepsAll : IReclaimPolicy
{
    public static PolicyDescriptor Describe() => Bad.Named("keepsall") with { Flags = PolicyFlags.Concurrent };

    public static Verdict Verdict(PolicyView view, uint pfn, References references, Disposition disposition) => ReclaimNative.Policies.Verdict.Keep;
}

/// <summary>Returns frames of other lruvecs.</summary>
internal readonly struct ReturnsForeign : IReclaimPolicy
{
    public static PolicyDescriptor Describe() => Bad.Named("foreign");

    public static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch)
    {
        for (uint pfn = 0; pfn < 64; pfn++)
            view.TryIsolate(pfn, ref batch);
        batch.Examined = 0;
    }
}

/// <summary>Returns frames that are free, or beyond the machine.</summary>
internal readonly struct ReturnsFree : IReclaimPolicy
{
    public static PolicyDescriptor Describe() => Bad.Named("free");

    public static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch)
    {
        view.TryIsolate(view.FrameCount - 1, ref batch);
        view.TryIsolate(view.FrameCount, ref batch);
        view.TryIsolate(uint.MaxValue, ref batch);
        batch.Examined = 0;
    }
}

/// <summary>Proposes each frame again and again.</summary>
internal readonly struct Repeats : IReclaimPolicy
{
    public static PolicyDescriptor Describe() => Bad.Named("repeats");

    public static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch)
    {
        uint pfn = view.Tail(0);
        for (int i = 0; i < 5; i++)
            view.TryIsolate(pfn, ref batch);
    }
}

/// <summary>Evicts everything, whatever was asked for.</summary>
internal readonly struct EvictsAll : IReclaimPolicy
{
    public static PolicyDescriptor Describe() => Bad.Named("evictsall");

    public static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch) =>
        view.IsolateTail(0, FolioBatch.Capacity, ref batch);

    public static bool Continue(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget) => true;
}

/// <summary>Goes round a list for ever.</summary>
internal readonly struct Loops : IReclaimPolicy
{
    public static PolicyDescriptor Describe() => Bad.Named("loops");

    public static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch)
    {
        // The contract is that helpers answer "none" when the fuel has run out: a loop that never asks is for the watchdog.
        while (view.Tail(0) is var pfn && pfn != PolicyView.None && view.MoveToHead(0, pfn))
        {
        }
    }
}

/// <summary>Takes its time, in CPU time, over every decision.</summary>
internal readonly struct Slow : IReclaimPolicy
{
    public static PolicyDescriptor Describe() => Bad.Named("slow");

    public static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch)
    {
        long until = Stopwatch.GetTimestamp() + Stopwatch.Frequency / 200;
        while (Stopwatch.GetTimestamp() < until)
            Thread.SpinWait(100);
        Bad.IsolateFifo(view, scan, ref batch);
    }
}

/// <summary>Its state is garbage, which it believes in.</summary>
internal readonly struct CorruptsItself : IReclaimPolicy
{
    public static PolicyDescriptor Describe() => Bad.Named("corrupt");

    public static void Place(PolicyView view, uint pfn, PlaceHint hint)
    {
        view.State<ulong>() = view.State<ulong>() * 6364136223846793005UL + 1442695040888963407UL;
        view.Word(pfn, 0) = (uint)(view.State<ulong>() >> 32);
        view.AddHead((int)(view.State<ulong>() >> 60), pfn);
    }

    public static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch)
    {
        uint hand = (uint)view.State<ulong>();
        for (int i = 0; i < 20; i++)
        {
            view.TestAndClearYoung(hand);
            view.SetFlags(hand, FolioFlags.Active | FolioFlags.GenerationMask);
            view.MoveToTail(view.ListOf(hand), hand);
            view.TryIsolate(hand, ref batch);
            hand = view.Word(view.TowardHead(hand), 0) % (2 * view.FrameCount);
        }
    }
}

/// <summary>Throws where it should decide.</summary>
internal readonly struct Throws : IReclaimPolicy
{
    public static PolicyDescriptor Describe() => Bad.Named("throws");

    public static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch)
    {
        view.TryIsolate(view.Tail(0), ref batch);
        throw new InvalidOperationException("out of ideas");
    }
}

/// <summary>Throws in the middle of a fault, with the page locked.</summary>
internal readonly struct ThrowsInNotices : IReclaimPolicy
{
    public static PolicyDescriptor Describe() => Bad.Named("throwsplacing");

    public static void Place(PolicyView view, uint pfn, PlaceHint hint) => throw new InvalidOperationException("no place");
}

/// <summary>Declares less state than it uses.</summary>
internal readonly struct Overreaches : IReclaimPolicy
{
    public static PolicyDescriptor Describe() => Bad.Named("overreaches");

    public static void OnEvent(PolicyView view, uint pfn, FolioEvent what) => view.State<decimal>() = 1;
}

/// <summary>Calls helpers from operations that have no business with them.</summary>
internal readonly struct WrongPlace : IReclaimPolicy
{
    public static PolicyDescriptor Describe() => Bad.Named("wrongplace") with { Defaults = Mechanism.Walk, Supports = Mechanism.Walk };

    public static void OnEvent(PolicyView view, uint pfn, FolioEvent what)
    {
        FolioBatch batch = default;
        view.TryIsolate(view.Tail(0), ref batch);
        view.IsolateTail(0, 5, ref batch);
        view.WalkPageTables(default);
        view.AddHead(0, pfn);
    }

    public static LruSizes Sizes(PolicyView view)
    {
        view.MoveToHead(0, view.Tail(0));
        return default;
    }
}

/// <summary>Isolates into a batch of its own, and puts the core's aside.</summary>
internal readonly struct HidesFolios : IReclaimPolicy
{
    public static PolicyDescriptor Describe() => Bad.Named("hides");

    public static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch)
    {
        FolioBatch own = default;
        view.IsolateTail(0, 3, ref own);
        view.TryIsolate(view.Tail(0), ref batch);
        batch = default;
    }

    public static bool After(PolicyView view, ref ScanControl scan, ref LruvecBudget budget, ref FolioBatch batch)
    {
        batch = default;
        return true;
    }
}

/// <summary>Writes over the parameters of the reclaim.</summary>
internal readonly struct Overwrites : IReclaimPolicy
{
    public static PolicyDescriptor Describe() => Bad.Named("overwrites");

    public static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch)
    {
        Bad.IsolateFifo(view, scan, ref batch);
        scan = default;
        budget = default;
    }
}

/// <summary>Places nothing.</summary>
internal readonly struct Forgets : IReclaimPolicy
{
    public static PolicyDescriptor Describe() => Bad.Named("forgets");

    public static void Place(PolicyView view, uint pfn, PlaceHint hint)
    {
    }
}

/// <summary>Its answers are no answers.</summary>
internal readonly struct Babbles : IReclaimPolicy
{
    public static PolicyDescriptor Describe() => Bad.Named("babbles") with { Flags = PolicyFlags.Concurrent };

    public static Verdict Verdict(PolicyView view, uint pfn, References references, Disposition disposition) => (Verdict)77;

    public static void Dump(PolicyView view, StringBuilder text) => throw new InvalidOperationException("babble");
}

/// <summary>Pages that its owner has pinned are all it proposes.</summary>
internal readonly struct ReturnsPinned : IReclaimPolicy
{
    public static PolicyDescriptor Describe() => Bad.Named("pinned");
}

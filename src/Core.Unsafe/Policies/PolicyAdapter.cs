using System.Text;
using ReclaimNative.Frames;
using ReclaimNative.Mechanisms;

namespace ReclaimNative.Policies;

/// <summary>
/// Turns a policy type into its operations table, each operation under the guard: fuel, blame, and no exception gets out. The
/// type is a struct, so the runtime compiles one specialised copy of each operation and the only indirection left is the
/// table's own pointer. An operation that the policy leaves out is the core's own and needs no guard.
/// </summary>
internal static unsafe class PolicyAdapter<TPolicy> where TPolicy : struct, IReclaimPolicy
{
    /// <summary>
    /// The policy's operations as they are, and those of one that leaves all out. Where an operation is the same code in both, it is the
    /// default. Should the runtime have two entries to it, they look different, and the guard is there for nothing.
    /// </summary>
    private static readonly ReclaimOps Bare = BareOps<TPolicy>.Ops;

    private static readonly ReclaimOps None = BareOps<LeavesAllOut>.Ops;

#pragma warning disable CS8909 // two entries to one function only cost a guard, see above
    public static ReclaimOps Ops { get; } = new()
    {
        LruvecOnline = Bare.LruvecOnline == None.LruvecOnline ? Bare.LruvecOnline : &LruvecOnline,
        LruvecOffline = Bare.LruvecOffline == None.LruvecOffline ? Bare.LruvecOffline : &LruvecOffline,
        ColdestFirst = Bare.ColdestFirst == None.ColdestFirst ? Bare.ColdestFirst : &ColdestFirst,
        Place = Bare.Place == None.Place ? Bare.Place : &Place,
        Remove = Bare.Remove == None.Remove ? Bare.Remove : &Remove,
        Arrive = Bare.Arrive == None.Arrive ? Bare.Arrive : &Arrive,
        Forget = Bare.Forget == None.Forget ? Bare.Forget : &Forget,
        OnEvent = Bare.OnEvent == None.OnEvent ? Bare.OnEvent : &OnEvent,
        OnAccesses = Bare.OnAccesses == None.OnAccesses ? Bare.OnAccesses : &OnAccesses,
        OnYoung = Bare.OnYoung == None.OnYoung ? Bare.OnYoung : &OnYoung,
        Age = Bare.Age == None.Age ? Bare.Age : &Age,
        Prepare = Bare.Prepare == None.Prepare ? Bare.Prepare : &Prepare,
        Budget = Bare.Budget == None.Budget ? Bare.Budget : &Budget,
        Isolate = &Isolate,
        IsolateOldest = Bare.IsolateOldest == None.IsolateOldest ? Bare.IsolateOldest : &IsolateOldest,
        Verdict = Bare.Verdict == None.Verdict ? Bare.Verdict : &Verdict,
        After = Bare.After == None.After ? Bare.After : &After,
        Continue = Bare.Continue == None.Continue ? Bare.Continue : &Continue,
        Visited = Bare.Visited == None.Visited ? Bare.Visited : &Visited,
        MakeShadow = Bare.MakeShadow == None.MakeShadow ? Bare.MakeShadow : &MakeShadow,
        OnRefault = Bare.OnRefault == None.OnRefault ? Bare.OnRefault : &OnRefault,
        IsRecent = Bare.IsRecent == None.IsRecent ? Bare.IsRecent : &IsRecent,
        OldestBirthMs = Bare.OldestBirthMs == None.OldestBirthMs ? Bare.OldestBirthMs : &OldestBirthMs,
        ReadGenerations = Bare.ReadGenerations == None.ReadGenerations ? Bare.ReadGenerations : &ReadGenerations,
        Sizes = Bare.Sizes == None.Sizes ? Bare.Sizes : &Sizes,
        Check = &Check,
        Dump = &Dump,
        Prepares = Bare.Prepare != None.Prepare,
        LooksAfter = Bare.After != None.After,
        MindsVisits = Bare.Visited != None.Visited,
        KeepsGenerations = Bare.ReadGenerations != None.ReadGenerations,
    };
#pragma warning restore CS8909

    private static void LruvecOnline(PolicyView view)
    {
        PolicyGuard guard = view.Begin(PolicyOperation.LruvecOnline);
        try
        {
            TPolicy.LruvecOnline(view);
        }
        catch (Exception thrown)
        {
            view.Threw(thrown);
        }

        view.End(guard);
    }

    private static void LruvecOffline(PolicyView view)
    {
        PolicyGuard guard = view.Begin(PolicyOperation.LruvecOffline);
        try
        {
            TPolicy.LruvecOffline(view);
        }
        catch (Exception thrown)
        {
            view.Threw(thrown);
        }

        view.End(guard);
    }

    private static int ColdestFirst(PolicyView view, Span<int> lists)
    {
        PolicyGuard guard = view.Begin(PolicyOperation.ColdestFirst);
        int answer;
        try
        {
            answer = TPolicy.ColdestFirst(view, lists);
        }
        catch (Exception thrown)
        {
            view.Threw(thrown);
            answer = DefaultOperations.ColdestFirst(view, lists);
        }

        view.End(guard);
        return answer;
    }

    private static void Place(PolicyView view, uint pfn, PlaceHint hint)
    {
        PolicyGuard guard = view.Begin(PolicyOperation.Place);
        try
        {
            TPolicy.Place(view, pfn, hint);
        }
        catch (Exception thrown)
        {
            view.Threw(thrown);
        }

        view.End(guard);
    }

    private static void Remove(PolicyView view, uint pfn, RemoveReason reason)
    {
        PolicyGuard guard = view.Begin(PolicyOperation.Remove);
        try
        {
            TPolicy.Remove(view, pfn, reason);
        }
        catch (Exception thrown)
        {
            view.Threw(thrown);
        }

        view.End(guard);
    }

    private static void Arrive(PolicyView view, uint page, bool returns)
    {
        PolicyGuard guard = view.Begin(PolicyOperation.Arrive);
        try
        {
            TPolicy.Arrive(view, page, returns);
        }
        catch (Exception thrown)
        {
            view.Threw(thrown);
        }

        view.End(guard);
    }

    private static void Forget(PolicyView view, uint page)
    {
        PolicyGuard guard = view.Begin(PolicyOperation.Forget);
        try
        {
            TPolicy.Forget(view, page);
        }
        catch (Exception thrown)
        {
            view.Threw(thrown);
        }

        view.End(guard);
    }

    private static void OnEvent(PolicyView view, uint pfn, FolioEvent what)
    {
        PolicyGuard guard = view.Begin(PolicyOperation.OnEvent);
        try
        {
            TPolicy.OnEvent(view, pfn, what);
        }
        catch (Exception thrown)
        {
            view.Threw(thrown);
        }

        view.End(guard);
    }

    private static void OnAccesses(PolicyView view, ReadOnlySpan<uint> pfns)
    {
        PolicyGuard guard = view.Begin(PolicyOperation.OnAccesses);
        try
        {
            TPolicy.OnAccesses(view, pfns);
        }
        catch (Exception thrown)
        {
            view.Threw(thrown);
        }

        view.End(guard);
    }

    private static void OnYoung(PolicyView view, ReadOnlySpan<uint> pfns, YoungSource source)
    {
        PolicyGuard guard = view.Begin(PolicyOperation.OnYoung);
        try
        {
            TPolicy.OnYoung(view, pfns, source);
        }
        catch (Exception thrown)
        {
            view.Threw(thrown);
        }

        view.End(guard);
    }

    private static void Age(PolicyView view, int swappiness, bool force)
    {
        PolicyGuard guard = view.Begin(PolicyOperation.Age);
        try
        {
            TPolicy.Age(view, swappiness, force);
        }
        catch (Exception thrown)
        {
            view.Threw(thrown);
        }

        view.End(guard);
    }

    private static void Prepare(PolicyView target, ref ScanControl scan, ref PassState pass)
    {
        PolicyGuard guard = target.Begin(PolicyOperation.Prepare);
        try
        {
            TPolicy.Prepare(target, ref scan, ref pass);
        }
        catch (Exception thrown)
        {
            target.Threw(thrown);
        }

        target.End(guard);
    }

    private static bool Budget(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget)
    {
        PolicyGuard guard = view.Begin(PolicyOperation.Budget);
        bool answer;
        try
        {
            answer = TPolicy.Budget(view, ref scan, ref pass, ref budget);
        }
        catch (Exception thrown)
        {
            view.Threw(thrown);
            answer = false;
        }

        view.End(guard);
        return answer;
    }

    private static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch)
    {
        PolicyGuard guard = view.Begin(PolicyOperation.Isolate);
        try
        {
            TPolicy.Isolate(view, ref scan, ref pass, ref budget, ref batch);
        }
        catch (Exception thrown)
        {
            view.Threw(thrown);
        }

        view.End(guard);
    }

    private static void IsolateOldest(PolicyView view, int swappiness, long wanted, ref FolioBatch batch)
    {
        PolicyGuard guard = view.Begin(PolicyOperation.IsolateOldest);
        try
        {
            TPolicy.IsolateOldest(view, swappiness, wanted, ref batch);
        }
        catch (Exception thrown)
        {
            view.Threw(thrown);
        }

        view.End(guard);
    }

    private static Verdict Verdict(PolicyView view, uint pfn, References references, Disposition disposition)
    {
        PolicyGuard guard = view.Begin(PolicyOperation.Verdict);
        Verdict answer;
        try
        {
            answer = TPolicy.Verdict(view, pfn, references, disposition);
        }
        catch (Exception thrown)
        {
            view.Threw(thrown);
            answer = Policies.Verdict.Keep;
        }

        view.End(guard);
        return answer;
    }

    private static bool After(PolicyView view, ref ScanControl scan, ref LruvecBudget budget, ref FolioBatch batch)
    {
        PolicyGuard guard = view.Begin(PolicyOperation.After);
        bool answer;
        try
        {
            answer = TPolicy.After(view, ref scan, ref budget, ref batch);
        }
        catch (Exception thrown)
        {
            view.Threw(thrown);
            answer = false;
        }

        view.End(guard);
        return answer;
    }

    private static bool Continue(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget)
    {
        PolicyGuard guard = view.Begin(PolicyOperation.Continue);
        bool answer;
        try
        {
            answer = TPolicy.Continue(view, ref scan, ref pass, ref budget);
        }
        catch (Exception thrown)
        {
            view.Threw(thrown);
            answer = false;
        }

        view.End(guard);
        return answer;
    }

    private static void Visited(PolicyView view, ref ScanControl scan, VisitOutcome outcome)
    {
        PolicyGuard guard = view.Begin(PolicyOperation.Visited);
        try
        {
            TPolicy.Visited(view, ref scan, outcome);
        }
        catch (Exception thrown)
        {
            view.Threw(thrown);
        }

        view.End(guard);
    }

    private static ShadowEntry MakeShadow(PolicyView view, uint pfn, PolicyView target)
    {
        PolicyGuard guard = view.Begin(PolicyOperation.MakeShadow);
        ShadowEntry answer;
        try
        {
            answer = TPolicy.MakeShadow(view, pfn, target);
        }
        catch (Exception thrown)
        {
            view.Threw(thrown);
            answer = view.ShadowOf(pfn, 0);
        }

        view.End(guard);
        return answer;
    }

    private static void OnRefault(PolicyView view, uint pfn, ShadowEntry shadow, bool inFault)
    {
        PolicyGuard guard = view.Begin(PolicyOperation.OnRefault);
        try
        {
            TPolicy.OnRefault(view, pfn, shadow, inFault);
        }
        catch (Exception thrown)
        {
            view.Threw(thrown);
        }

        view.End(guard);
    }

    private static bool IsRecent(PolicyView view, uint page, ShadowEntry shadow, FolioType type)
    {
        PolicyGuard guard = view.Begin(PolicyOperation.IsRecent);
        bool answer;
        try
        {
            answer = TPolicy.IsRecent(view, page, shadow, type);
        }
        catch (Exception thrown)
        {
            view.Threw(thrown);
            answer = false;
        }

        view.End(guard);
        return answer;
    }

    private static long OldestBirthMs(PolicyView view, int swappiness)
    {
        PolicyGuard guard = view.Begin(PolicyOperation.OldestBirthMs);
        long answer;
        try
        {
            answer = TPolicy.OldestBirthMs(view, swappiness);
        }
        catch (Exception thrown)
        {
            view.Threw(thrown);
            answer = long.MinValue;
        }

        view.End(guard);
        return answer;
    }

    private static int ReadGenerations(PolicyView view, Span<GenerationReport> reports)
    {
        PolicyGuard guard = view.Begin(PolicyOperation.ReadGenerations);
        int answer;
        try
        {
            answer = TPolicy.ReadGenerations(view, reports);
        }
        catch (Exception thrown)
        {
            view.Threw(thrown);
            answer = 0;
        }

        view.End(guard);
        return answer;
    }

    private static LruSizes Sizes(PolicyView view)
    {
        PolicyGuard guard = view.Begin(PolicyOperation.Sizes);
        LruSizes answer;
        try
        {
            answer = TPolicy.Sizes(view);
        }
        catch (Exception thrown)
        {
            view.Threw(thrown);
            answer = DefaultOperations.Sizes(view);
        }

        view.End(guard);
        return answer;
    }

    private static string? Check(PolicyView view)
    {
        PolicyGuard guard = view.Begin(PolicyOperation.Check);
        view.Call.Fuel = long.MaxValue;
        try
        {
            return TPolicy.Check(view);
        }
        finally
        {
            view.End(guard);
        }
    }

    private static void Dump(PolicyView view, StringBuilder text)
    {
        PolicyGuard guard = view.Begin(PolicyOperation.Dump);
        view.Call.Fuel = long.MaxValue;
        try
        {
            TPolicy.Dump(view, text);
        }
        finally
        {
            view.End(guard);
        }
    }
}

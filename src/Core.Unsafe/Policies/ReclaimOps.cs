using System.Text;
using ReclaimNative.Frames;
using ReclaimNative.Mechanisms;

namespace ReclaimNative.Policies;

/// <summary>
/// The operations table: what the core calls. One function pointer for each operation of <see cref="IReclaimPolicy"/>,
/// where each is documented. No slot is ever empty: <see cref="PolicyAdapter{TPolicy}"/> fills those that a policy
/// leaves out with their defaults.
/// </summary>
internal sealed unsafe class ReclaimOps
{
    public required delegate*<PolicyView, void> LruvecOnline { get; init; }

    public required delegate*<PolicyView, void> LruvecOffline { get; init; }

    public required delegate*<PolicyView, Span<int>, int> ColdestFirst { get; init; }

    public required delegate*<PolicyView, uint, PlaceHint, void> Place { get; init; }

    public required delegate*<PolicyView, uint, RemoveReason, void> Remove { get; init; }

    public required delegate*<PolicyView, uint, bool, void> Arrive { get; init; }

    public required delegate*<PolicyView, uint, void> Forget { get; init; }

    public required delegate*<PolicyView, uint, FolioEvent, void> OnEvent { get; init; }

    public required delegate*<PolicyView, ReadOnlySpan<uint>, void> OnAccesses { get; init; }

    public required delegate*<PolicyView, ReadOnlySpan<uint>, YoungSource, void> OnYoung { get; init; }

    public required delegate*<PolicyView, int, bool, void> Age { get; init; }

    public required delegate*<PolicyView, ref ScanControl, ref PassState, void> Prepare { get; init; }

    public required delegate*<PolicyView, ref ScanControl, ref PassState, ref LruvecBudget, bool> Budget { get; init; }

    public required delegate*<PolicyView, ref ScanControl, ref PassState, ref LruvecBudget, ref FolioBatch, void> Isolate { get; init; }

    public required delegate*<PolicyView, int, long, ref FolioBatch, void> IsolateOldest { get; init; }

    public required delegate*<PolicyView, uint, References, Disposition, Verdict> Verdict { get; init; }

    public required delegate*<PolicyView, ref ScanControl, ref LruvecBudget, ref FolioBatch, bool> After { get; init; }

    public required delegate*<PolicyView, ref ScanControl, ref PassState, ref LruvecBudget, bool> Continue { get; init; }

    public required delegate*<PolicyView, ref ScanControl, VisitOutcome, void> Visited { get; init; }

    public required delegate*<PolicyView, uint, PolicyView, ShadowEntry> MakeShadow { get; init; }

    public required delegate*<PolicyView, uint, ShadowEntry, bool, void> OnRefault { get; init; }

    public required delegate*<PolicyView, uint, ShadowEntry, FolioType, bool> IsRecent { get; init; }

    public required delegate*<PolicyView, int, long> OldestBirthMs { get; init; }

    public required delegate*<PolicyView, Span<GenerationReport>, int> ReadGenerations { get; init; }

    public required delegate*<PolicyView, LruSizes> Sizes { get; init; }

    public required delegate*<PolicyView, string?> Check { get; init; }

    public required delegate*<PolicyView, StringBuilder, void> Dump { get; init; }

    /// <summary>False where the policy leaves <see cref="Prepare"/> out, and nothing need be done before a pass.</summary>
    public bool Prepares { get; init; } = true;

    /// <summary>False where the policy leaves <see cref="After"/> out, and need not be shown what became of a batch.</summary>
    public bool LooksAfter { get; init; } = true;

    /// <summary>False where the policy leaves <see cref="Visited"/> out.</summary>
    public bool MindsVisits { get; init; } = true;

    /// <summary>True where the policy has <see cref="ReadGenerations"/>.</summary>
    public bool KeepsGenerations { get; init; }
}

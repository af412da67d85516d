using ReclaimNative.Policies;

namespace ReclaimNative.Examples;

/// <summary>
/// Second chance with a memory: a page has a number of lives, gains one whenever it is found used, up to three, and loses one
/// whenever it is not. Who has none left goes. CLOCK with a counter in place of the bit.
/// </summary>
/// <remarks>
/// A policy is a struct without fields whose static operations the engine calls; every one of them but
/// <see cref="Describe"/> may be left out. What it has to remember lies in state bytes of each lruvec and in words of each
/// frame, which the engine keeps for it.
/// </remarks>
public readonly struct SecondChancePolicy : IReclaimPolicy
{
    private const uint MostLives = 3;

    /// <summary>Pages that one batch may look at: an operation has to come to an end. The next goes on where it stopped.</summary>
    private const int MostExamined = 4096;

    /// <inheritdoc/>
    public static PolicyDescriptor Describe() => new()
    {
        Name = "mine",
        Summary = "second chance with up to three lives",

        // The bit says whether a page was used since it came in, and nobody but this policy looks at it.
        Flags = PolicyFlags.ClearOnPlace | PolicyFlags.IgnoresReferences,
        WordsPerPage = 1,
    };

    /// <inheritdoc/>
    public static void Place(PolicyView view, uint pfn, PlaceHint hint)
    {
        // A frame keeps its words when another page gets it.
        view.Word(pfn, 0) = 0;
        view.AddHead(0, pfn);
    }

    /// <inheritdoc/>
    public static void Isolate(PolicyView view, ref ScanControl scan, ref PassState pass, ref LruvecBudget budget, ref FolioBatch batch)
    {
        long wanted = Math.Min(FolioBatch.Capacity, scan.NrToReclaim - scan.NrReclaimed);
        while (batch.Count < wanted && batch.Examined < MostExamined)
        {
            uint pfn = view.Tail(0);
            if (pfn == PolicyView.None)
                return;

            ref uint lives = ref view.Word(pfn, 0);
            if (view.TestAndClearYoung(pfn))
                lives = Math.Min(lives + 1, MostLives);
            else if (lives > 0)
                lives--;
            else if (view.TryIsolate(pfn, ref batch))
                continue;

            // It stays, and goes round once more.
            view.PassOver(pfn, ref batch);
            view.MoveToHead(0, pfn);
        }
    }
}

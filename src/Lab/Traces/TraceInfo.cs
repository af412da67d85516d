namespace ReclaimNative.Lab.Traces;

/// <summary>Counts over a whole trace.</summary>
/// <param name="Requests">Count of accesses.</param>
/// <param name="UniquePages">Count of different pages.</param>
/// <param name="Writes">Count of accesses that write.</param>
/// <param name="PagesSeenOnce">Count of pages with exactly one access.</param>
public sealed record TraceInfo(int Requests, int UniquePages, int Writes, int PagesSeenOnce)
{
    /// <summary>Counts <paramref name="trace"/>: one pass, one byte for each packed page.</summary>
    public static TraceInfo Of(Trace trace)
    {
        const byte Once = 1, More = 2;
        var seen = new byte[trace.PackedPages];
        int writes = 0, once = 0;
        foreach (uint access in trace.Accesses.Span)
        {
            if ((access & Trace.WriteBit) != 0)
                writes++;
            ref byte state = ref seen[access & ~Trace.WriteBit];
            if (state == 0)
            {
                state = Once;
                once++;
            }
            else if (state == Once)
            {
                state = More;
                once--;
            }
        }
        return new TraceInfo(trace.Count, trace.UniquePages, writes, once);
    }
}

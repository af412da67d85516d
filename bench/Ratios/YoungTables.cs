using ReclaimNative.Memory;

namespace ReclaimNative.Bench.Ratios;

/// <summary>
/// Bitmaps of random accessed bits, in windows that slide through memory: the next sample never finds its words in a cache
/// smaller than the whole, nor a bit pattern short enough for the branch predictor to learn.
/// </summary>
internal sealed unsafe class YoungTables : IDisposable
{
    /// <summary>Different bits before they repeat, in bytes: windows may be smaller.</summary>
    private const ulong LeastTemplate = 8 << 20;

    private readonly NativeBlock _memory;
    private readonly NativeBlock _template;
    private readonly ulong _windowWords;
    private readonly ulong _parts;
    private ulong _next;
    private ulong _current;

    /// <summary>Windows of <paramref name="windowBytes"/> in <paramref name="bytes"/>, both multiples of 4 KiB.</summary>
    public YoungTables(ulong bytes, ulong windowBytes, double young, int seed = 1)
    {
        // Beyond the end lies room for a prefetch or a vector, which costs nothing to have.
        _memory = new NativeBlock((nuint)bytes + 64 * 1024);
        _windowWords = windowBytes / sizeof(ulong);
        Windows = bytes / windowBytes;
        _parts = Math.Min(Windows, Math.Max(1, LeastTemplate / windowBytes));
        _template = new NativeBlock((nuint)(_parts * windowBytes));
        Fill((ulong*)_template.Pointer, _parts * _windowWords, young, seed);
        for (_current = 0; _current < Windows; _current++)
            Restore();
        Slide();
    }

    /// <summary>Words of one window.</summary>
    public ulong Words => _windowWords;

    /// <summary>Windows in all.</summary>
    public ulong Windows { get; }

    /// <summary>The window of the sample in hand.</summary>
    public ulong* Window => (ulong*)_memory.Pointer + _current * _windowWords;

    /// <summary>The bits that it starts with.</summary>
    public ReadOnlySpan<ulong> Original => new((ulong*)_template.Pointer + _current % _parts * _windowWords, (int)_windowWords);

    /// <summary>Goes on to the next window.</summary>
    public void Slide()
    {
        _current = _next;
        _next = (_next + 1) % Windows;
    }

    /// <summary>Puts the bits of the window in hand back; it is then in the cache, and the next sample is elsewhere.</summary>
    public void Restore() => Original.CopyTo(new Span<ulong>(Window, (int)_windowWords));

    public void Dispose()
    {
        _memory.Dispose();
        _template.Dispose();
    }

    /// <summary>Sets each bit independently with probability <paramref name="young"/>.</summary>
    public static void Fill(ulong* words, ulong count, double young, int seed)
    {
        var random = new Random(seed);
        new Span<byte>(words, (int)(count * sizeof(ulong))).Clear();
        if (young >= 0.3)
        {
            for (ulong bit = 0; bit < count * 64; bit++)
                words[bit / 64] |= (random.NextDouble() < young ? 1UL : 0UL) << (int)(bit & 63);
            return;
        }

        // Gaps between set bits are geometric.
        double scale = 1 / Math.Log(1 - young);
        for (double bit = Gap(); bit < count * 64.0; bit += 1 + Gap())
            words[(ulong)bit / 64] |= 1UL << (int)((ulong)bit & 63);

        double Gap() => Math.Floor(Math.Log(1 - random.NextDouble()) * scale);
    }
}

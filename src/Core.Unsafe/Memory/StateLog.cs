using System.Runtime.InteropServices;
using System.Text;

namespace ReclaimNative.Memory;

/// <summary>
/// Takes down the fields of objects one after the other, and later puts every one of them back, into the same objects or into others of
/// the same shape: each object has one method that passes its fields, and the same calls in the same order do both. Everything is taken
/// down as numbers; what refers to another object passes that one's number.
/// </summary>
/// <remarks>
/// For a thread that is alone with the objects. A log that came from outside may end early or have numbers that make no sense: lengths and
/// indices are checked here, against what the caller says is possible, before anything is done with them.
/// </remarks>
internal sealed class StateLog
{
    private readonly List<long> _numbers;
    private int _at;

    /// <summary>An empty log that takes down.</summary>
    public StateLog() => _numbers = [];

    private StateLog(List<long> numbers)
    {
        _numbers = numbers;
        IsRestoring = true;
    }

    /// <summary>A log that puts back what another one took down.</summary>
    public static StateLog Of(List<long> numbers) => new(numbers);

    /// <summary>What was taken down.</summary>
    public ReadOnlySpan<long> Numbers => CollectionsMarshal.AsSpan(_numbers);

    /// <summary>Fields are put back, not taken down.</summary>
    public bool IsRestoring { get; private set; }

    /// <summary>From here on the fields are put back, from the first on.</summary>
    public void Restore()
    {
        IsRestoring = true;
        _at = 0;
    }

    /// <summary>Everything that was taken down was put back: both times passed the same fields.</summary>
    public bool IsSpent => IsRestoring && _at == _numbers.Count;

    /// <summary>Takes a number down and returns it; returns the one that was taken down, when putting back.</summary>
    /// <exception cref="SnapshotException">There is none left.</exception>
    public long Through(long number)
    {
        if (!IsRestoring)
        {
            _numbers.Add(number);
            return number;
        }

        return _at < _numbers.Count ? _numbers[_at++] : throw new SnapshotException("The snapshot has fewer fields than this build knows.");
    }

    /// <summary>Says that everything was put back.</summary>
    /// <exception cref="SnapshotException">Something is left.</exception>
    public void End()
    {
        if (!IsSpent)
            throw new SnapshotException("The snapshot has more fields than this build knows.");
    }

    /// <summary>The same for a number that may be missing.</summary>
    public long? Through(long? number)
    {
        bool isGiven = Through(number is not null);
        return isGiven ? Through(number.GetValueOrDefault()) : null;
    }

    /// <summary>The same for yes and no.</summary>
    public bool Through(bool flag) => Through(flag ? 1L : 0) != 0;

    /// <summary>The same for a number in [<paramref name="least"/>, <paramref name="most"/>], named by <paramref name="what"/> where it is not.</summary>
    /// <exception cref="SnapshotException">It is not in that range.</exception>
    public int Through(int number, int least, int most, string what)
    {
        long passed = Through((long)number);
        return passed >= least && passed <= most
            ? (int)passed
            : throw new SnapshotException($"The snapshot says {passed} for {what}; {least} to {most} are possible.");
    }

    /// <summary>The same for a text, or null.</summary>
    public string? Through(string? text)
    {
        byte[] bytes = text is null ? [] : Encoding.UTF8.GetBytes(text);
        int length = (int)Through(text is null ? -1L : bytes.Length);
        if (IsRestoring)
        {
            if (length < -1 || length > (_numbers.Count - _at) * sizeof(long))
                throw new SnapshotException($"The snapshot has a text of {length} bytes, which it has no room for.");
            if (length == -1)
                return null;
            bytes = new byte[length];
        }

        for (int at = 0; at < bytes.Length; at += sizeof(long))
        {
            Span<byte> piece = bytes.AsSpan(at, Math.Min(sizeof(long), bytes.Length - at));
            long packed = 0;
            piece.CopyTo(MemoryMarshal.AsBytes(new Span<long>(ref packed)));
            packed = Through(packed);
            MemoryMarshal.AsBytes(new ReadOnlySpan<long>(ref packed))[..piece.Length].CopyTo(piece);
        }

        return text ?? (IsRestoring ? Encoding.UTF8.GetString(bytes) : null);
    }

    public void Pass(ref long field) => field = Through(field);

    public void Pass(ref ulong field) => field = unchecked((ulong)Through(unchecked((long)field)));

    public void Pass(ref int field) => field = (int)Through((long)field);

    public void Pass(ref uint field) => field = (uint)Through((long)field);

    public void Pass(ref bool field) => field = Through(field);

    /// <summary>The elements of an array whose length stays.</summary>
    public void Pass(Span<long> elements)
    {
        foreach (ref long element in elements)
            Pass(ref element);
    }
}

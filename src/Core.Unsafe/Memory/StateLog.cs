namespace ReclaimNative.Memory;

/// <summary>
/// Takes down the fields of objects one after the other, and later puts every one of them back: each object has one method that passes
/// its fields, and the same calls in the same order do both.
/// </summary>
/// <remarks>For a thread that is alone with the objects.</remarks>
internal sealed class StateLog
{
    private readonly List<long> _numbers = [];
    private readonly List<object?> _objects = [];
    private int _atNumber;
    private int _atObject;
    private bool _isRestoring;

    /// <summary>From here on the fields are put back, from the first on.</summary>
    public void Restore()
    {
        _isRestoring = true;
        _atNumber = _atObject = 0;
    }

    /// <summary>Everything that was taken down was put back: both times passed the same fields.</summary>
    public bool IsSpent => _isRestoring && _atNumber == _numbers.Count && _atObject == _objects.Count;

    public void Pass(ref long field)
    {
        if (_isRestoring)
            field = _numbers[_atNumber++];
        else
            _numbers.Add(field);
    }

    public void Pass(ref ulong field)
    {
        long number = unchecked((long)field);
        Pass(ref number);
        field = unchecked((ulong)number);
    }

    public void Pass(ref int field)
    {
        long number = field;
        Pass(ref number);
        field = (int)number;
    }

    public void Pass(ref uint field)
    {
        long number = field;
        Pass(ref number);
        field = (uint)number;
    }

    public void Pass(ref bool field)
    {
        long number = field ? 1 : 0;
        Pass(ref number);
        field = number != 0;
    }

    /// <summary>The reference alone, not what it refers to.</summary>
    public void Pass<T>(ref T? field) where T : class
    {
        if (_isRestoring)
            field = (T?)_objects[_atObject++];
        else
            _objects.Add(field);
    }

    /// <summary>The elements of an array whose length stays.</summary>
    public void Pass<T>(T[] elements) where T : struct
    {
        if (_isRestoring)
            ((T[])_objects[_atObject++]!).CopyTo(elements.AsSpan());
        else
            _objects.Add(elements.Clone());
    }
}

namespace ReclaimNative.Bindings.Boundary;

/// <summary>A struct of reclaim.h: the same fields at the same offsets.</summary>
internal interface ICallerStruct
{
    /// <summary>Its name in the header, for messages.</summary>
    static abstract string CName { get; }

    /// <summary>Its size in version 0.1: no caller has a smaller one.</summary>
    static abstract uint FirstSize { get; }
}

/// <summary>
/// Copies structs in and out by the size that the caller compiled them with, so that old callers meet new libraries
/// and the other way round. The rule is that of Linux's copy_struct_from_user and copy_struct_to_user.
/// </summary>
internal static unsafe class CallerStruct
{
    /// <summary>As in Linux: a size beyond a page is no size.</summary>
    public const uint MostBytes = 4096;

    /// <summary>Copies a struct in that states its own size.</summary>
    public static T Read<T>(void* from) where T : unmanaged, ICallerStruct => Read<T>(from, SizeOf<T>(from));

    /// <summary>Copies a struct of <paramref name="size"/> bytes in; what the caller does not have is zero.</summary>
    public static T Read<T>(void* from, uint size) where T : unmanaged, ICallerStruct
    {
        CheckSize<T>(size);
        T value = default;
        CopyIn(T.CName, from, size, &value, (uint)sizeof(T));
        return value;
    }

    /// <summary>The size that the caller states in the first field, checked; for a struct that goes out, before anything is done.</summary>
    public static uint SizeOf<T>(void* at) where T : unmanaged, ICallerStruct
    {
        if (at == null)
            throw new Refusal(Status.Null, $"The pointer to {T.CName} is NULL.");
        uint size = *(uint*)at;
        CheckSize<T>(size);
        return size;
    }

    /// <summary>The same for a struct that the caller may leave out; 0 when he does.</summary>
    public static uint SizeIfGiven<T>(void* at) where T : unmanaged, ICallerStruct => at == null ? 0 : SizeOf<T>(at);

    /// <summary>Checks the size of a struct or of an array's elements.</summary>
    public static void CheckSize<T>(uint size) where T : unmanaged, ICallerStruct => CheckSize(T.CName, T.FirstSize, size);

    /// <summary>Copies a value out into <paramref name="size"/> bytes; what the library does not know becomes zero.</summary>
    public static void Write<T>(void* to, uint size, in T value) where T : unmanaged, ICallerStruct
    {
        var room = new Span<byte>(to, (int)size);
        uint known = Math.Min(size, (uint)sizeof(T));
        fixed (T* from = &value)
            new ReadOnlySpan<byte>(from, (int)known).CopyTo(room);
        room[(int)known..].Clear();
    }
    // What follows has no type parameter: it would be compiled again for each of some forty structs.

    private static void CheckSize(string name, uint first, uint size)
    {
        if (size < first)
            throw new Refusal(Status.StructSize, $"The size of {name} is given as {size}; {first} bytes is the least that a header ever gave it.");
        if (size > MostBytes)
            throw new Refusal(Status.TooBig, $"The size of {name} is given as {size}; more than {MostBytes} bytes are never accepted.");
    }

    private static void CopyIn(string name, void* from, uint size, void* to, uint room)
    {
        uint known = Math.Min(size, room);
        new ReadOnlySpan<byte>(from, (int)known).CopyTo(new Span<byte>(to, (int)room));
        var beyond = new ReadOnlySpan<byte>((byte*)from + known, (int)(size - known));
        if (beyond.ContainsAnyExcept((byte)0))
            throw new Refusal(Status.TooBig, $"{name} has {size} bytes and this library knows {room}: the bytes beyond have to be zero.");
    }
}

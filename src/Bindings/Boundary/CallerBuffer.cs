namespace ReclaimNative.Bindings.Boundary;

/// <summary>A buffer of C's for a text of which only the library knows the length: filled whole, or the length that it should have is told.</summary>
internal static unsafe class CallerBuffer
{
    /// <summary>Checks the pointers, before anything is done. Without room a buffer may be NULL.</summary>
    public static void Check(void* buffer, ulong capacity, void* length, string bufferName, string lengthName)
    {
        Boundary.Check.NotNull(length, lengthName);
        if (capacity != 0)
            Boundary.Check.NotNull(buffer, bufferName);
    }

    /// <summary>Copies a text out.</summary>
    /// <returns>The status to return.</returns>
    public static int Fill(ReadOnlySpan<byte> text, byte* buffer, ulong capacity, ulong* length)
    {
        *length = (ulong)text.Length;
        if ((ulong)text.Length > capacity)
            return LastError.Set(Status.NoRoom, $"The text has {text.Length} bytes and the buffer has room for {capacity}.");
        text.CopyTo(new Span<byte>(buffer, text.Length));
        return Status.Ok;
    }
}

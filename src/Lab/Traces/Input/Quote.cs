using System.Text;

namespace ReclaimNative.Lab.Traces;

/// <summary>Foreign text as part of a one-line error.</summary>
internal static class Quote
{
    private const int MaxShown = 40;

    /// <summary>The bytes in double quotes, what is not printable ASCII as <c>?</c>, cut after 40.</summary>
    internal static string Of(ReadOnlySpan<byte> text)
    {
        var shown = new StringBuilder("\"");
        foreach (byte b in text[..Math.Min(MaxShown, text.Length)])
            shown.Append(b is >= 0x20 and < 0x7f ? (char)b : '?');
        return shown.Append(text.Length > MaxShown ? "...\"" : "\"").ToString();
    }

    /// <summary>The same for a string.</summary>
    internal static string Of(string text) => Of(Encoding.UTF8.GetBytes(text));
}

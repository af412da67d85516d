namespace ReclaimNative.Policies;

/// <summary>How an operation is called in messages.</summary>
public static class PolicyOperationText
{
    private static readonly string[] Words = [.. Enum.GetNames<PolicyOperation>().Select(SnakeCase)];

    /// <summary>The operation's name as a C policy has it, such as <c>on_event</c>; <c>none</c> for <see cref="PolicyOperation.None"/>.</summary>
    public static string Word(this PolicyOperation operation) =>
        (uint)operation < (uint)Words.Length ? Words[(int)operation] : throw new ArgumentOutOfRangeException(nameof(operation), operation, "not an operation of policies");

    private static string SnakeCase(string name) =>
        string.Concat(name.Select((letter, at) => char.IsAsciiLetterUpper(letter) ? (at == 0 ? "" : "_") + char.ToLowerInvariant(letter) : letter.ToString()));
}

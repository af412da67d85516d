using System.Text;

namespace ReclaimNative.Policies;

/// <summary>How an operation is called in messages.</summary>
public static class PolicyOperationText
{
    private static readonly string[] Words = Array.ConvertAll(Enum.GetNames<PolicyOperation>(), SnakeCase);

    /// <summary>The operation's name as a C policy has it, such as <c>on_event</c>; <c>none</c> for <see cref="PolicyOperation.None"/>.</summary>
    public static string Word(this PolicyOperation operation) =>
        (uint)operation < (uint)Words.Length ? Words[(int)operation] : throw new ArgumentOutOfRangeException(nameof(operation), operation, "not an operation of policies");

    private static string SnakeCase(string name)
    {
        var word = new StringBuilder();
        foreach (char letter in name)
        {
            if (char.IsAsciiLetterUpper(letter) && word.Length > 0)
                word.Append('_');
            word.Append(char.ToLowerInvariant(letter));
        }

        return word.ToString();
    }
}

using System.Collections.Immutable;

namespace ReclaimNative.Lab.Results;

/// <summary>The rows of one command, in the order in which they were measured. Immutable.</summary>
public sealed record ResultSet
{
    private readonly ImmutableArray<string> _notes = [];

    /// <summary>A set of <paramref name="rows"/>; may be empty.</summary>
    public ResultSet(IEnumerable<ResultRow> rows) => Rows = [.. rows];

    /// <summary>The rows.</summary>
    public ImmutableArray<ResultRow> Rows { get; }

    /// <summary>Heading of the table and of the report; null for none. Not part of the JSON contract.</summary>
    public string? Title { get; init; }

    /// <summary>What <see cref="ResultRow.Trace"/> names, in the singular: "trace", "process", "memory cgroup". Not part of the JSON contract.</summary>
    public string Subject { get; init; } = "trace";

    /// <summary>What a reader must know to judge the numbers, a sentence each. Not part of the JSON contract.</summary>
    public ImmutableArray<string> Notes
    {
        get => _notes;
        init => _notes = value.IsDefault ? [] : value;
    }
}

namespace ReclaimNative.Mechanisms;

/// <summary>Which stalls are meant: the two lines of a pressure file. Source: kernel-reclaim reference 8.1.</summary>
public enum PressureStall
{
    /// <summary>At least one task of the group is stalled.</summary>
    Some,

    /// <summary>At least one task of the group is stalled, and none of it is at productive work.</summary>
    Full,
}

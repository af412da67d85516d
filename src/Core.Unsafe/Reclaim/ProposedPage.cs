namespace ReclaimNative.Reclaim;

/// <summary>A page that a request would take, or has proposed.</summary>
/// <param name="Page">The page, on the node that it is on.</param>
/// <param name="ToNode">The node that it is to move to, or null when it is to be evicted.</param>
public readonly record struct ProposedPage(BackedPage Page, int? ToNode);

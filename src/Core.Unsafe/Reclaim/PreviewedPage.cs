namespace ReclaimNative.Reclaim;

/// <summary>A page that a request would take.</summary>
/// <param name="Page">The page, on the node that it is on.</param>
/// <param name="ToNode">The node that it would move to, or null when it would be evicted.</param>
public readonly record struct PreviewedPage(BackedPage Page, int? ToNode);

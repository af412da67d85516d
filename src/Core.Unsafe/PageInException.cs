namespace ReclaimNative;

/// <summary>The backing of an engine could not read a page that was to come in (<see cref="Reclaim.Backing.PageIn"/>); it is absent as it was.</summary>
public sealed class PageInException(string message) : EngineException(message);

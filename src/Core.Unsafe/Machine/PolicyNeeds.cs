namespace ReclaimNative.Machine;

/// <summary>What an engine reserves for its policies: the most that any of them asks for.</summary>
/// <param name="StateBytes">Bytes for each lruvec.</param>
/// <param name="WordsPerPage">Words for each frame.</param>
/// <param name="Lists">Lists of each lruvec.</param>
/// <param name="HistoryWords">Words for each page, resident or not.</param>
/// <param name="Orders">Orders of pages of each lruvec.</param>
internal readonly record struct PolicyNeeds(int StateBytes, int WordsPerPage, int Lists, int HistoryWords, int Orders);

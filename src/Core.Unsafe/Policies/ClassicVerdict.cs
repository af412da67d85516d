using ReclaimNative.Frames;
using ReclaimNative.Mechanisms;

namespace ReclaimNative.Policies;

/// <summary>
/// The verdict on a folio at the end of an inactive list, which the classic LRU and the first form of MGLRU share: a first
/// reference keeps it for another round, a second one activates. Source: kernel-reclaim reference 2.4.
/// </summary>
internal static class ClassicVerdict
{
    public static Verdict Of(PolicyView view, uint pfn, References references)
    {
        bool file = view.TypeOf(pfn) == FolioType.File;
        bool remembered = (view.Flags(pfn) & FolioFlags.Referenced) != 0;
        view.ClearFlags(pfn, FolioFlags.Referenced);
        if (references.Mappings > 0)
        {
            view.SetFlags(pfn, FolioFlags.Referenced);
            bool activate = remembered || references.Mappings > 1 || (references.Executable && file && view.Has(Mechanism.Exec));
            return activate ? Verdict.Activate : Verdict.Keep;
        }

        return remembered && file ? Verdict.ReclaimClean : Verdict.Reclaim;
    }
}

namespace ReclaimNative.Cli.Mount;

/// <summary>Somebody who polls a file and sleeps. To be woken or forgotten once, by the thread that serves requests.</summary>
internal sealed unsafe class PollWaiter(FuseLibrary library, void* handle)
{
    /// <summary>Lets the kernel ask again what has happened.</summary>
    public void Wake()
    {
        _ = library.NotifyPoll(handle);
        Forget();
    }

    /// <summary>Nobody waits any more.</summary>
    public void Forget() => library.DestroyPollHandle(handle);
}

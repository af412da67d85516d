namespace ReclaimNative.Tests.Model;

/// <summary>Runs what might never end where its not ending is a failure and not a hanging suite.</summary>
internal static class Watchdog
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Fails when <paramref name="action"/> takes longer than a minute; passes on what it throws.</summary>
    public static void Ends(Action action, string because)
    {
        Exception? thrown = null;
        var thread = new Thread(() =>
        {
            try
            {
                action();
            }
            catch (Exception exception)
            {
                thrown = exception;
            }
        })
        { IsBackground = true };
        thread.Start();
        if (!thread.Join(Patience))
            Assert.Fail($"not done after {Patience}: {because}");
        if (thrown is not null)
            throw new InvalidOperationException(thrown.Message, thrown);
    }
}

namespace ReclaimNative.Control;

/// <summary>Errors of control files, by their numbers on Linux.</summary>
public enum ControlError
{
    /// <summary>ENOENT: no such file or directory.</summary>
    NoEntry = 2,

    /// <summary>EINTR: interrupted by a signal or a cancel.</summary>
    Interrupted = 4,

    /// <summary>E2BIG: a write is longer than a file takes.</summary>
    TooLong = 7,

    /// <summary>EAGAIN: less was reclaimed than asked.</summary>
    Again = 11,

    /// <summary>EACCES: the file is not for that.</summary>
    Access = 13,

    /// <summary>EBUSY: another is at it.</summary>
    Busy = 16,

    /// <summary>EEXIST: it is there already, or another was faster.</summary>
    Exists = 17,

    /// <summary>ENODEV: it was opened before its cgroup was removed.</summary>
    NoDevice = 19,

    /// <summary>ENOTDIR: it is a file.</summary>
    NotDirectory = 20,

    /// <summary>EISDIR: it is a directory.</summary>
    IsDirectory = 21,

    /// <summary>EINVAL: the text is malformed or out of range.</summary>
    Invalid = 22,

    /// <summary>ENOSPC: there is no room for another.</summary>
    NoSpace = 28,

    /// <summary>ERANGE: a number does not fit.</summary>
    Range = 34,

    /// <summary>EOPNOTSUPP: this machine was built without it.</summary>
    NotSupported = 95,
}

/// <summary>A control file refuses, with one sentence that names the word at fault and what is accepted.</summary>
/// <param name="error">The error number that a write or read ends with.</param>
/// <param name="message">What was wrong.</param>
public sealed class ControlException(ControlError error, string message) : Exception(message)
{
    /// <summary>The error number that a write or read ends with.</summary>
    public ControlError Error { get; } = error;
}

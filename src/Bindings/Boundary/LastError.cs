using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Unicode;
using ReclaimNative.Control;
using ReclaimNative.Memory;

namespace ReclaimNative.Bindings.Boundary;

/// <summary>The text behind reclaim_last_error: one for each thread, and the only place where an exception becomes a status.</summary>
internal static unsafe class LastError
{
    private const int Capacity = 1024;

    /// <summary>Pinned, so that C may keep the address; the collector frees it with its thread.</summary>
    [ThreadStatic]
    private static byte[]? _text;

    public static byte* Text => _text is { } text
        ? (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(text))
        : (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference("\0"u8));

    /// <summary>Remembers why a call failed.</summary>
    /// <returns>The status to return from it.</returns>
    public static int Set(Exception why)
    {
        try
        {
            return why switch
            {
                Refusal refusal => Set(refusal.Status, refusal.Message),
                SnapshotException => Set(Status.Format, why.Message),
                PageInException => Set(Status.Io, why.Message),
                EngineException => Set(Status.Invalid, why.Message),
                ControlException control => Set(StatusOf(control.Error), control.Message),
                OutOfMemoryException => Set(Status.SystemMemory, "The system refused the memory that this call needs: smaller capacities need less."),
                _ => Set(Status.Internal, $"The library failed inside ({why.GetType().Name}): this is a defect, please report it."),
            };
        }
        catch (OutOfMemoryException)
        {
            // Even the text has no room: the status alone has to do.
            return Status.SystemMemory;
        }
    }

    private static int StatusOf(ControlError error) => error switch
    {
        ControlError.NoEntry or ControlError.NoDevice or ControlError.NotDirectory => Status.NotFound,
        ControlError.Access or ControlError.IsDirectory => Status.Access,
        ControlError.Again => Status.Again,
        ControlError.Interrupted => Status.Canceled,
        ControlError.Busy => Status.Busy,
        ControlError.Exists => Status.Exists,
        ControlError.NoSpace => Status.Capacity,
        ControlError.Range => Status.Range,
        ControlError.NotSupported => Status.Unsupported,
        _ => Status.Invalid,
    };

    public static int Set(int status, string message)
    {
        byte[] text = _text ??= GC.AllocateArray<byte>(Capacity, pinned: true);
        Utf8.FromUtf16(message, text.AsSpan(0, Capacity - 1), out _, out int written);
        text[written] = 0;
        return status;
    }
}

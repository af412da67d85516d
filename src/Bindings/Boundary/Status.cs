namespace ReclaimNative.Bindings.Boundary;

/// <summary>The status codes of reclaim.h; numbers are never changed.</summary>
internal static class Status
{
    public const int Ok = 0;

    public const int Null = -1;
    public const int BadHandle = -2;
    public const int WrongEngine = -3;

    public const int StructSize = -10;
    public const int TooBig = -11;

    public const int Invalid = -20;
    public const int Range = -21;
    public const int Exists = -22;
    public const int NotFound = -23;
    public const int Unsupported = -24;
    public const int NoRoom = -25;
    public const int Access = -26;

    public const int NoMemory = -30;
    public const int Capacity = -31;
    public const int SystemMemory = -32;
    public const int Io = -33;
    public const int Format = -34;

    public const int Again = -40;
    public const int Busy = -41;
    public const int NotResident = -42;
    public const int Canceled = -43;
    public const int NotProposed = -44;
    public const int Accessed = -45;
    public const int Pinned = -46;

    public const int Internal = -90;
    public const int Corrupt = -91;

    /// <summary>The name in the header, as static zero-terminated UTF-8: a literal lies in the library's read-only data.</summary>
    public static ReadOnlySpan<byte> NameOf(int status) => status switch
    {
        Ok => "RECLAIM_OK"u8,
        Null => "RECLAIM_E_NULL"u8,
        BadHandle => "RECLAIM_E_BAD_HANDLE"u8,
        WrongEngine => "RECLAIM_E_WRONG_ENGINE"u8,
        StructSize => "RECLAIM_E_STRUCT_SIZE"u8,
        TooBig => "RECLAIM_E_TOO_BIG"u8,
        Invalid => "RECLAIM_E_INVALID"u8,
        Range => "RECLAIM_E_RANGE"u8,
        Exists => "RECLAIM_E_EXISTS"u8,
        NotFound => "RECLAIM_E_NOT_FOUND"u8,
        Unsupported => "RECLAIM_E_UNSUPPORTED"u8,
        NoRoom => "RECLAIM_E_NO_ROOM"u8,
        Access => "RECLAIM_E_ACCESS"u8,
        NoMemory => "RECLAIM_E_NO_MEMORY"u8,
        Capacity => "RECLAIM_E_CAPACITY"u8,
        SystemMemory => "RECLAIM_E_SYSTEM_MEMORY"u8,
        Io => "RECLAIM_E_IO"u8,
        Format => "RECLAIM_E_FORMAT"u8,
        Again => "RECLAIM_E_AGAIN"u8,
        Busy => "RECLAIM_E_BUSY"u8,
        NotResident => "RECLAIM_E_NOT_RESIDENT"u8,
        Canceled => "RECLAIM_E_CANCELED"u8,
        NotProposed => "RECLAIM_E_NOT_PROPOSED"u8,
        Accessed => "RECLAIM_E_ACCESSED"u8,
        Pinned => "RECLAIM_E_PINNED"u8,
        Internal => "RECLAIM_E_INTERNAL"u8,
        Corrupt => "RECLAIM_E_CORRUPT"u8,
        _ => "RECLAIM_E_UNKNOWN"u8,
    };
}

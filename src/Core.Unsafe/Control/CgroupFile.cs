using ReclaimNative.Machine;

namespace ReclaimNative.Control;

/// <summary>An open file of a cgroup. When the cgroup is removed it stays open, and answers ENODEV, as in the kernel.</summary>
internal sealed class CgroupFile(Engine engine, MemoryCgroup memcg, ControlFile file) : ControlFile
{
    public override bool KeepsWrites => file.KeepsWrites;

    public override string Read()
    {
        CheckLiving();
        return file.Read();
    }

    public override void Write(ReadOnlySpan<byte> text)
    {
        CheckLiving();
        file.Write(text);
    }

    public override bool TakePriorityEvent() => file.TakePriorityEvent();

    protected override void Dispose(bool disposing) => file.Dispose();

    private void CheckLiving()
    {
        if (!ReferenceEquals(engine.FindMemcg(memcg.Id), memcg))
            throw new ControlException(ControlError.NoDevice, $"The cgroup {memcg.Path} has been removed since this file was opened.");
    }
}

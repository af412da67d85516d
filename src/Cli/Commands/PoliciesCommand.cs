using System.CommandLine;
using ReclaimNative.Lab.Policies;
using ReclaimNative.Machine;
using ReclaimNative.Policies;

namespace ReclaimNative.Cli.Commands;

/// <summary><c>reclaim policies</c>: what there is to compare.</summary>
internal static class PoliciesCommand
{
    public static Command Create()
    {
        Command command = new(
            "policies",
            """
            Lists the policies: what each is told (accessed bits, every access, the future), what it is, the Linux versions that it can be like, and its switches.

            Example:
              reclaim policies
            """);
        command.SetAction(_ =>
        {
            foreach (PolicyDescriptor policy in PolicyCatalog.Shelf.All)
            {
                Console.WriteLine($"{policy.Name,-8} {policy.Sight.ToString().ToLowerInvariant(),-9} {policy.Summary}");
                if (policy.HasVersions)
                    Console.WriteLine($"{"",-18} versions: {string.Join(' ', Enum.GetValues<KernelVersion>().Select(v => "@" + KernelVersions.NameOf(v)))} (the default)");
                if (policy.Supports != Mechanism.None)
                    Console.WriteLine($"{"",-18} switches: {string.Join(' ', Switches(policy))}");
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static IEnumerable<string> Switches(PolicyDescriptor policy) =>
        from mechanism in Enum.GetValues<Mechanism>()
        where mechanism != Mechanism.None && (policy.Supports & mechanism) != 0
        select ((policy.Defaults & mechanism) != 0 ? "-" : "+") + PolicyShelf.NameOf(mechanism);
}

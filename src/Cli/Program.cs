using ReclaimNative.Cli;
using ReclaimNative.Lab.Policies;

return ReclaimCommand.Run(args, PolicyCatalog.Shelf);

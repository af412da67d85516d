using BenchmarkDotNet.Running;
using ReclaimNative.Bench.Ratios;
using ReclaimNative.Bench.Requests;

if (args is ["ratios", .. string[] rest])
    return RatioProgram.Run(rest);
if (args is ["requests", .. string[] none])
    return RequestProgram.Run(none);
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
return 0;

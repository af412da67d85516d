using ReclaimNative.Lab.Controllers;

namespace ReclaimNative.Lab.Tests.Controllers;

public sealed class EqualRefaultsTests
{
    private static readonly ControllerParameter Wide = new("x", 10_000, 1, 3.6e9, "");

    [TestCase(0.01)]
    [TestCase(3)]
    [TestCase(70_000)]
    public void ARateThatMovesWithTheParameterIsMet(double wanted)
    {
        int runs = 0;
        Found<string> found = EqualRefaults.Find(wanted, Wide, x => new Tried<string>(x, Math.Sqrt(x) / 100 * Math.Sqrt(x), $"run {++runs}"));

        Assert.That(found.Fits, Is.True);
        Assert.That(found.Nearest.Rate, Is.EqualTo(wanted).Within(2).Percent);
        Assert.That(runs, Is.LessThanOrEqualTo(EqualRefaults.MostRuns));
    }

    [Test]
    public void ARateThatIsStridedOverIsInterpolated()
    {
        // 10 a second up to some value and 50 above it: never 20, which is a quarter of the way.
        Found<double> found = EqualRefaults.Find(20, Wide, x => new Tried<double>(x, x < 123_456 ? 10 : 50, x < 123_456 ? 1000 : 600));

        Assert.That(found.Fits, Is.False);
        Assert.That(found.Interpolate(pages => pages), Is.EqualTo(900));
        Assert.That(found.Nearest.Rate, Is.EqualTo(10));
        Assert.That((found.Below!.Value.Value, found.Above!.Value.Value), Is.EqualTo((123_456.0, 123_456.0)).Using<double>((a, b) => Math.Abs(a / b - 1) < 0.2 ? 0 : 1), "the two are close to the step");
    }

    [Test]
    public void ARateThatIsNeverReachedHasOneSideAlone()
    {
        Found<int> never = EqualRefaults.Find(20, Wide, x => new Tried<int>(x, 0, 1));
        Found<int> always = EqualRefaults.Find(20, Wide, x => new Tried<int>(x, 90, 1));

        Assert.That((never.Above, never.Fits, never.Interpolate(p => p)), Is.EqualTo(((Tried<int>?)null, false, (double?)null)));
        Assert.That((always.Below, always.Fits), Is.EqualTo(((Tried<int>?)null, false)));
        Assert.That(never.Nearest.Value, Is.GreaterThan(1e9), "the whole range was tried");
    }

    [Test]
    public void WholeParametersStayWhole() =>
        EqualRefaults.Find(7.5, new ControllerParameter("n", 3, 0, 100, "", IsWhole: true), n =>
        {
            Assert.That(n, Is.EqualTo(Math.Truncate(n)));
            return new Tried<int>(n, n, 0);
        });
}

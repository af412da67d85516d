using ReclaimNative.PageTables;

namespace ReclaimNative.Tests.PageTables;

public class AddressSpaceTests
{
    [Test]
    public void AreasSayOfEveryPageWhatAnArraySays([Values(1, 2, 3)] int seed)
    {
        const int Pages = 60;
        var random = new Random(seed);
        var space = new AddressSpace(0, "s", Pages, 0, 1, 0, 0);
        var file = new PageFile(0, "", 1000, 1, 2);
        (PageFile? File, ulong Page)[] model = new (PageFile?, ulong)[Pages];
        for (int step = 0; step < 400; step++)
        {
            ulong start = (ulong)random.Next(Pages);
            ulong end = start + 1 + (ulong)random.Next(Pages - (int)start);
            bool mapped = random.Next(3) != 0;
            ulong offset = mapped ? (ulong)random.Next(500) : 0;
            space.Cover(new Vma(start, end, mapped ? file : null, offset, VmaFlags.None));
            for (ulong page = start; page < end; page++)
                model[page] = mapped ? (file, offset + (page - start)) : (null, 0);

            for (ulong page = 0; page < Pages; page++)
            {
                // Not in order, so that the remembered area is not always the right one.
                ulong asked = page * 37 % Pages;
                Vma vma = space.VmaAt(asked);
                (PageFile?, ulong) said = vma.File is null ? (null, 0) : (vma.File, vma.FileOffset + (asked - vma.Start));
                Assert.That(said, Is.EqualTo(model[asked]), $"seed {seed}, step {step}, page {asked}");
            }

            Assert.That(space.Vmas.Zip(space.Vmas.Skip(1)).All(p => p.First.End == p.Second.Start), Is.True, $"seed {seed}, step {step}");
            Assert.That((space.Vmas[0].Start, space.Vmas[^1].End), Is.EqualTo((0ul, (ulong)Pages)), $"seed {seed}, step {step}");
        }
    }
}

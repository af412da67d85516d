using System.Diagnostics;
using ReclaimNative.Lab.Scenarios;

namespace ReclaimNative.Lab.Tests.Scenarios;

/// <summary>Seeded mutations of valid files: whatever the text, the reader returns a scenario or throws a one-line ScenarioException.</summary>
[TestFixture]
public class ScenarioFuzzTests
{
    private static readonly string[] Fragments =
    [
        "{", "}", "[", "]", ":", ": ", "- ", "? ", ",", "\n", "\n  ", "\t", "\"", "'", "|", ">", "#", "&a ", "*a", "!!int ", "%", "@", "`", "---\n", "...\n",
        "\0", "\u0085", "\u2028", "\uFEFF", "\uD800", "\\", "\\x", "null", "~", "true", "-1", "0", "1e999", "NaN", ".inf", "0x10", "99999999999999999999",
        "max", "4096p", "1T", "name", "pages: 1", "kind: zipf", "nodes:", "memcgs:", "<<: ", "=", "é", "😀",
    ];

    [Test]
    public void NoMutationOfAFileGivesAnythingButAScenarioOrOneLine([Values(1, 2, 3, 4)] int seed)
    {
        string[] seeds = [MalformedScenarioTests.Valid, .. Directory.GetFiles(RepositoryFiles.Scenarios, "*.yaml").Order().Select(File.ReadAllText)];
        string path = Path.Combine(RepositoryFiles.Scenarios, "fuzz.yaml");
        var random = new Random(seed);
        int read = 0, refused = 0;

        // A count, so that a failure is repeatable; the clock only bounds a slow machine.
        for (var clock = Stopwatch.StartNew(); read + refused < 1500 && clock.ElapsedMilliseconds < 1200;)
        {
            string text = Mutate(seeds[random.Next(seeds.Length)], seeds, random);
            try
            {
                Scenario scenario = ScenarioReader.Parse(text, path);
                Assert.That(scenario.Processes, Is.Not.Empty);
                read++;
            }
            catch (ScenarioException wrong)
            {
                Assert.That(wrong.Message.Any(char.IsControl), Is.False, $"seed {seed}, file:\n{text}");
                refused++;
            }
            catch (Exception other) when (other is not AssertionException)
            {
                Assert.Fail($"seed {seed}: {other}\nfile:\n{text}");
            }
        }

        Assert.That(read, Is.GreaterThan(20), "some mutations leave a valid file, so the whole reader is reached");
        Assert.That(refused, Is.GreaterThan(100));
    }

    private static string Mutate(string text, string[] seeds, Random random)
    {
        for (int changes = 1 + random.Next(3); changes > 0; changes--)
        {
            int at = random.Next(text.Length + 1);
            int length = Math.Min(random.Next(12), text.Length - at);
            string other = seeds[random.Next(seeds.Length)];
            int from = random.Next(other.Length);
            string inserted = random.Next(5) switch
            {
                0 => "",
                1 => ((char)random.Next(0x100)).ToString(),
                2 => other.Substring(from, Math.Min(random.Next(80), other.Length - from)),
                3 => string.Concat(Enumerable.Repeat(Fragments[random.Next(Fragments.Length)], 1 + random.Next(40))),
                _ => Fragments[random.Next(Fragments.Length)],
            };
            text = string.Concat(text.AsSpan(0, at), inserted, text.AsSpan(at + length));
        }

        return text;
    }
}

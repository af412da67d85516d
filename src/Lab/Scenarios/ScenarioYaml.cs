using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace ReclaimNative.Lab.Scenarios;

/// <summary>
/// From the text of a scenario file to its one YAML document, with what a scenario has no use for refused before the tree
/// is built: deep nesting (the tree builder recurses and would end the process), anchors and aliases, tags, and a second document.
/// </summary>
internal static class ScenarioYaml
{
    /// <summary>The deepest a scenario goes is processes, one process, its pattern.</summary>
    private const int MostNesting = 16;

    /// <summary>The root of the document in <paramref name="text"/>.</summary>
    public static YamlNode Load(string text, string file)
    {
        var scanner = new Scanner(new StringReader(text));
        try
        {
            Check(new Parser(scanner), file);
            scanner = new Scanner(new StringReader(text));
            var stream = new YamlStream();
            stream.Load(new Parser(scanner));
            return stream.Documents[0].RootNode;
        }
        catch (YamlException wrong)
        {
            throw new ScenarioException(file, wrong.Start.Line, $"not YAML: {wrong.Message}", wrong);
        }
        catch (Exception wrong) when (wrong is InvalidOperationException or ArgumentException)
        {
            // Not only YamlException comes out of the library: an unfinished [ ends its scanner (its issue 541), and a value
            // without a key its tree builder. Both leave the scanner just behind the place.
            throw new ScenarioException(file, scanner.CurrentPosition.Line, "not YAML: near this line one of [ ] { } or a key is missing", wrong);
        }
    }

    private static void Check(Parser parser, string file)
    {
        int depth = 0, documents = 0;
        while (parser.MoveNext())
        {
            if (parser.Current is not { } at)
                continue;
            depth += at.NestingIncrease;
            if (at is DocumentStart)
                documents++;

            string? refused = at switch
            {
                _ when depth > MostNesting => $"nested deeper than {MostNesting} levels",
                DocumentStart when documents > 1 => "a second document; accepted: one scenario a file",
                AnchorAlias or NodeEvent { Anchor.IsEmpty: false } => "anchors and aliases (& and *) are not accepted; write the value out",
                NodeEvent { Tag.IsEmpty: false } => "tags (!) are not accepted; write the value alone",
                _ => null,
            };
            if (refused is not null)
                throw new ScenarioException(file, at.Start.Line, refused);
        }

        if (documents == 0)
            throw new ScenarioException(file, 0, "is empty; accepted: a scenario (name, summary, accesses, policies, nodes, processes)");
    }
}

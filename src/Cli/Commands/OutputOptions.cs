using System.CommandLine;
using ReclaimNative.Lab.Controllers;
using ReclaimNative.Lab.Reports;
using ReclaimNative.Lab.Results;
using Spectre.Console;

namespace ReclaimNative.Cli.Commands;

/// <summary>Where a command's results go: a table on stdout, and files for programs and people.</summary>
internal sealed class OutputOptions
{
    private const string Stdout = ResultFile.StandardOutput;

    private readonly Option<string?> _json = new("--json") { Description = "write reclaim.results/1 JSON to FILE ('-' = stdout, and nothing else there)", HelpName = "FILE" };
    private readonly Option<string?> _csv = new("--csv") { Description = "write CSV to FILE ('-' = stdout, and nothing else there)", HelpName = "FILE" };
    private readonly Option<string?> _html = new("--html") { Description = "write a report with charts to FILE, self-contained", HelpName = "FILE" };
    private readonly string? _defaultHtml;

    /// <summary>Options without a report unless asked for, or with one in <paramref name="defaultHtml"/>.</summary>
    public OutputOptions(string? defaultHtml = null) => _defaultHtml = defaultHtml;

    /// <summary>JSON has all there is to a set, not only what the contract says: for a process that runs a policy for another.</summary>
    public bool IsComplete { get; set; }

    /// <summary>Names of the options.</summary>
    public string[] Names => [_json.Name, _csv.Name, _html.Name];

    public void AddTo(Command command)
    {
        command.Add(_json);
        command.Add(_csv);
        command.Add(_html);
    }

    /// <summary>Refuses before the work what could only fail after it.</summary>
    public void Check(ParseResult parsed)
    {
        string? json = parsed.GetValue(_json);
        string? csv = parsed.GetValue(_csv);
        string? html = parsed.GetValue(_html);
        if (json == Stdout && csv == Stdout)
            throw new UsageException("--json - and --csv - can't both have stdout");
        if (html == Stdout)
            throw new UsageException("--html needs a file; '-' is accepted by --json and --csv");
        foreach (string? path in new[] { json, csv, html })
        {
            if (path is not null)
                CheckFile(path);
        }
    }

    /// <summary>Refuses an output file that can't be created; <c>-</c> is stdout.</summary>
    public static void CheckFile(string path)
    {
        if (path == Stdout)
            return;
        if (path.Length == 0)
            throw new UsageException("an output file has an empty name");
        string folder = Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/";
        if (Directory.Exists(path))
            throw new UsageException($"'{path}' is a directory; an output file is wanted");
        if (!Directory.Exists(folder))
            throw new UsageException($"there is no directory '{folder}' to write '{Path.GetFileName(path)}' to");
    }

    private static void WriteTable(ResultSet results)
    {
        if (results.Rows.Any(r => r.Controller is not null))
            ControllerTable.Write(results, AnsiConsole.Console);
        else
            ResultTable.Write(results, AnsiConsole.Console);
    }

    /// <summary>Writes everything that was asked for.</summary>
    public void Write(ParseResult parsed, ResultSet results)
    {
        string? json = parsed.GetValue(_json);
        string? csv = parsed.GetValue(_csv);
        string? html = parsed.GetValue(_html) ?? _defaultHtml;
        if (json != Stdout && csv != Stdout)
            WriteTable(results);
        if (json is not null)
            ResultJson.Save(results, json, IsComplete);
        if (csv is not null)
            ResultCsv.Save(results, csv);
        if (html is not null && results.Rows.Length > 0)
        {
            HtmlReport.Save(results, ReportContext.Now(Environment.GetCommandLineArgs().Skip(1)), html);
            Console.Error.WriteLine($"report: {html}");
        }
    }
}

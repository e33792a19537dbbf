namespace StreamRuntime.DriverSample.Tests.Variants;

/// <summary>For every rule a driver that breaks it.</summary>
internal static class Catalogue
{
    private const string Fields = "    private bool _isOver, _isDisposed;";
    private const string Made = "return new LineProtocolRowSource(connection);";
    private const string Room = "_input.MaxBufferedBytes = rows.MaxBufferedBytes;";
    private const string Receive = "received = await _input.ReceiveAsync(0, cancellationToken).ConfigureAwait(false);";
    private const string Lost = "        catch (IOException lost)";
    private const string Attach = "rows.Attach(_input.Buffered);";
    private const string Check = "rows.CheckRowSize(_searched - PrefixBytes);";
    private const string Return = "return !_isOver;";
    private const string Release = "        _input.ReleaseIdleMemory();";
    private const string DisposedBefore = "if (_isDisposed) return;";
    private const string Add = "rows.Add(start + PrefixBytes, line.Length - PrefixBytes);";
    private const string Failed = "Fail(ErrorKind.Server, Encoding.UTF8.GetString(line[6..]));";

    private const string Polling = "\n    private async Task PollAsync() { while (!_isDisposed) { await Task.Delay(1); await _connection.ReadAsync(Memory<byte>.Empty); } }\n    private Task? _polling;";

    public static readonly Variant[] All =
    [
        new("rows-exact-and-in-order", "a row brings along the space before it", "row 0 is", new Edit(Add, "rows.Add(start + PrefixBytes - 1, line.Length - PrefixBytes + 1);")),
        new("empty-result", "an END of no rows is an error", "counts other rows", new Edit("&& count == _count)", "&& count == _count && count > 0)")),
        new("null-row", "the server's null is passed on", "row 0 is 'NULL'", new Edit("\"null\"u8.TryCopyTo", "\"NULL\"u8.TryCopyTo")),
        new("row-larger-than-the-buffer", "a row must fit in the buffer", "too long", new Edit(Check, "if (_searched >= rows.MaxBufferedBytes) throw new StreamRuntimeException(ErrorKind.Protocol, \"The line is too long.\");")),
        new("row-at-the-limit", "the framing counts as part of the row", "larger than MaxRowBytes", new Edit(Add, "{ rows.CheckRowSize(line.Length); " + Add + " }")),
        new("row-over-the-limit", "a row that is too large is passed over", "as if it were complete", new Edit(Add, "{ if (line.Length - PrefixBytes <= rows.MaxRowBytes) " + Add + " }"), new Edit(Check, "")),
        new("rows-before-one-over-the-limit", "what was received is weighed as one row", "0 rows came before", new Edit(Attach, "rows.CheckRowSize(_input.Buffered.Length); " + Attach)),
        new("rows-stay-until-the-next-receive", "the buffer is used for something else", "row", new Edit(Return, "Memory<byte> all = MemoryMarshal.AsMemory(_input.Buffered); _ = Task.Run(() => all.Span.Fill((byte)'x')); " + Return)),
        new("buffered-bytes-within-the-limit", "a buffer of its own size", "were held at once", new Edit(Room, "_input.MaxBufferedBytes = 1 << 20;")),
        new("accounting", "what is held is denied", "count as held", new Edit(Attach, Attach + " rows.ReportHeld(-_input.Buffered.Length);")),

        new("pause-before-the-first-row", "the connection is polled from the start", "during the pause", new Edit(Fields, Fields + Polling), new Edit(Made, "var made = new LineProtocolRowSource(connection); made._polling = made.PollAsync(); return made;")),
        new("pause-in-mid-stream", "the connection is polled once there was a row", "during the pause", new Edit(Fields, Fields + Polling), new Edit(Return, "_polling ??= PollAsync(); " + Return)),
        new("pause-while-a-read-is-pending", "a small receive is followed by another", "a read has not ended", new Edit(Receive, Receive + " if (received < 1000) received += await _input.ReceiveAsync(0, cancellationToken).ConfigureAwait(false);")),
        new("resume-at-the-next-row", "a pause drops the beginning of a row", "Exception: ", new Edit(Release, "        _input.Consume(_input.Buffered.Length);\n        _searched = 0;\n" + Release)),
        new("many-pauses", "there is room for twenty pauses", "no more pauses", new Edit(Fields, Fields + "\n    private int _pauses;"), new Edit(Release, "        if (++_pauses > 20) throw new InvalidOperationException(\"no more pauses\");\n" + Release)),
        new("pauses-from-another-thread", "rows are counted anew after a pause", "counts other rows", new Edit(Release, "        _count = 0;\n" + Release)),
        new("pause-timeout", "the connection is closed for the length of a pause", "ObjectDisposedException", new Edit(Release, "        _input.Complete();\n" + Release)),
        new("idle-memory-is-released", "the buffer is kept through a pause", "holds", new Edit("    public int ReleaseIdleMemory()\n    {\n", "    public int ReleaseIdleMemory()\n    {\n        if (_taken > 0) return _input.Buffered.Length;\n")),

        new("end-is-noticed", "the end of the connection is waited for", "a read has not ended", new Edit(Return, "return received > 0;")),
        new("cancel-before-the-first-row", "a source that never received is not closed", "the far side is let go", new Edit(DisposedBefore, "if (_isDisposed || _rows is null) return;")),
        new("cancel-while-reading", "the token is not passed on", "a read has not ended", new Edit(Receive, Receive.Replace("cancellationToken", "CancellationToken.None", StringComparison.Ordinal))),
        new("cancel-while-paused", "only a source with rows is closed", "the far side is let go", new Edit(DisposedBefore, "if (_isDisposed || (_rows is { Count: 0 } && !_isOver)) return;")),
        new("deadline", "being stopped is taken for the end", "as if it were complete", new Edit(Lost, "        catch (OperationCanceledException)\n        {\n            return false;\n        }\n" + Lost)),
        new("dispose-in-mid-stream", "only a result that has ended is closed", "the far side is let go", new Edit(DisposedBefore, "if (_isDisposed || !_isOver) return;")),
        new("dispose-while-a-read-is-pending", "a receive is left behind when it is cancelled", "while a receive was under way", new Edit(Receive, "received = await _input.ReceiveAsync().AsTask().WaitAsync(cancellationToken).ConfigureAwait(false);")),
        new("dispose-twice", "a second disposal fails", "ObjectDisposedException", new Edit(DisposedBefore, "ObjectDisposedException.ThrowIf(_isDisposed, this);")),
        new("second-read-is-refused", "a receive holds its thread", "should return a task", new Edit(Receive, "received = _input.ReceiveAsync(0, cancellationToken).AsTask().GetAwaiter().GetResult();")),
        new("one-receive-at-a-time", "data is looked for beside the receive", "while another was under way", new Edit(Receive, "_ = _connection.ReadAsync(Memory<byte>.Empty).AsTask(); " + Receive)),

        new("rows-before-an-error", "an error is looked for first", "before the error", new Edit(Attach, "if (_input.BufferedSpan.IndexOf(\"\\nERROR \"u8) is >= 0 and int error) Fail(ErrorKind.Server, Encoding.UTF8.GetString(_input.BufferedSpan[(error + 7)..]).TrimEnd()); " + Attach)),
        new("error-is-not-swallowed", "an error is taken for the end", "as if it were complete", new Edit(Failed, "_isOver = true;")),
        new("error-is-the-sources-own", "the server's words are lost", "does not carry", new Edit(Failed, "Fail(ErrorKind.Server, \"The query failed.\");")),
        new("error-lets-go", "a failed connection is forgotten", "the far side is let go", new Edit("_isOver = true; // there is nothing left to cancel", "_isOver = _isDisposed = true;")),
    ];
}

namespace StreamRuntime.Postgres.Tests.Rows;

/// <summary>Interesting values of every built-in type, as the type's input function takes them.</summary>
internal static class BuiltInValues
{
    /// <summary>Types whose values cannot be typed in. The query gives some that the server has made itself, or none but NULL.</summary>
    public static readonly Dictionary<string, string> Made = new()
    {
        ["pg_node_tree"] = "select ev_action from pg_rewrite where ev_class = 'pg_tables'::regclass",
        ["pg_ndistinct"] = "select stxdndistinct from pg_statistic_ext_data",
        ["pg_dependencies"] = "select stxddependencies from pg_statistic_ext_data",
        ["pg_mcv_list"] = "select stxdmcv from pg_statistic_ext_data",
        ["gtsvector"] = "select null::gtsvector",
        ["pg_brin_bloom_summary"] = "select null::pg_brin_bloom_summary",
        ["pg_brin_minmax_multi_summary"] = "select null::pg_brin_minmax_multi_summary",
    };

    private static readonly string[] Texts =
    [
        "", " ", "plain", "NULL", "null", "\"", "\\", "\\\"", "a\\", "{", "}", "{}", ",", "a,b", ";", "a b", "\ta\n", "\r\n", "\u0001\u001f\u007f\u0080", "\b\f\v",
        "é", "日本語", "\U0001F600", "\u2028\u2029", "'", "/", "</script>", "[1:2]={1,2}", "{\"a\": \"b\\n\"}", "0", "NaN", "true",
        AllCharacters(), new('x', 10_000), new('"', 3_000), new('é', 3_000),
    ];

    public static readonly Dictionary<string, string[]> Typed = new()
    {
        ["bool"] = ["true", "false"],
        ["bytea"] = ["", "\\x00", "\\xdeadbeef", @"a\\b""c", "\\x" + string.Concat(Enumerable.Range(0, 256).Select(i => i.ToString("x2", null)))],
        ["char"] = ["", "a", "\"", "\\", " ", ",", "{", "\n", "\u0001", "\u007f"],
        ["name"] = ["", "a", "a b", "\"q\"", "é\\", new('n', 63)],
        ["int8"] = ["0", "1", "-1", "9223372036854775807", "-9223372036854775808"],
        ["int2"] = ["0", "1", "-1", "32767", "-32768"],
        ["int2vector"] = ["", "1", "1 2 -3", "32767 -32768"],
        ["int4"] = ["0", "1", "-1", "2147483647", "-2147483648"],
        ["regproc"] = ["0", "now", "pg_catalog.int4in", "12345678"],
        ["text"] = Texts,
        ["oid"] = ["0", "1", "4294967295"],
        ["tid"] = ["(0,1)", "(4294967295,65535)"],
        ["xid"] = ["0", "4294967295"],
        ["cid"] = ["0", "4294967295"],
        ["oidvector"] = ["", "1", "1 2 4294967295"],
        ["json"] = ["null", "1", "\"x\"", "{}", "[]", " { \"a\" :\n [1, 2.50, {\"b\":\"\\\"\\\\\\u0041\"}] } ", "{\"a\":1,\"a\":2}", "\"NULL\"", "\"é日\\ud83d\\ude00\"", "-0.0e5"],
        ["xml"] = ["", "<a/>", "<a b=\"c\">d &amp; é\n</a>"],
        ["point"] = ["(0,0)", "(-1.5,1e300)", "(NaN,Infinity)"],
        ["lseg"] = ["[(0,0),(1,1)]", "[(-1.5,1e-7),(Infinity,NaN)]"],
        ["path"] = ["[(0,0),(1,1),(2,0)]", "((0,0),(1,1),(2,0))"],
        ["box"] = ["(1,1),(0,0)", "(1e10,2.5),(-1,-2)"],
        ["polygon"] = ["((0,0),(1,1),(2,0))", "((1,2))"],
        ["line"] = ["{1,2,3}", "{-1.5,0.25,0}"],
        ["cidr"] = ["0.0.0.0/0", "192.168.0.0/16", "2001:db8::/32", "::/0"],
        ["float4"] = ["0", "-0", "1.5", "0.1", "3.4028235e38", "-3.4028235e38", "1.4e-45", "1e-5", "1e15", "123456792", "NaN", "Infinity", "-Infinity"],
        ["float8"] = ["0", "-0", "1.5", "0.1", "1.7976931348623157e308", "-1.7976931348623157e308", "5e-324", "1e-5", "1e15", "1e16", "123456789012345680", "NaN", "Infinity", "-Infinity"],
        ["circle"] = ["<(0,0),1>", "<(-1.5,1e20),0>"],
        ["macaddr8"] = ["08:00:2b:01:02:03:04:05", "ff:ff:ff:ff:ff:ff:ff:ff"],
        ["money"] = ["0", "1234567.89", "-92233720368547758.08", "92233720368547758.07"],
        ["macaddr"] = ["00:00:00:00:00:00", "08:00:2b:01:02:03"],
        ["inet"] = ["127.0.0.1", "10.1.2.3/8", "::1", "2001:db8::1/64", "::ffff:1.2.3.4"],
        ["aclitem"] = ["postgres=arwdDxt/postgres", "=r/postgres"],
        ["bpchar"] = Texts,
        ["varchar"] = Texts,
        ["date"] = ["2024-02-29", "1970-01-01", "0001-01-01", "0001-12-31 BC", "4714-11-24 BC", "9999-12-31", "10000-01-01", "5874897-12-31", "infinity", "-infinity"],
        ["time"] = ["00:00:00", "23:59:59.999999", "24:00:00", "12:34:56.7"],
        ["timestamp"] = Timestamps(zone: ""),
        ["timestamptz"] = [.. Timestamps(zone: ""), .. Timestamps(zone: "+00"), "1800-06-01 12:00:00+00", "2024-01-01 00:00:00-15:59:59", "0044-03-15 01:02:03.4+05:53:28 BC"],
        ["interval"] = ["0", "1 year 2 mons -3 days 04:05:06.789", "-178000000 years", "178000000 years", "1 microsecond", "-00:00:01", "1 day ago"],
        ["timetz"] = ["00:00:00+00", "23:59:59.999999-15:59:59", "24:00:00+05:30", "12:34:56.7+15:59"],
        ["bit"] = ["", "0", "1", "1010101011110000"],
        ["varbit"] = ["", "0", "1", "1010101011110000"],
        ["numeric"] =
        [
            "0", "-0", "0.00", "1", "-1.50", "0.10", "NaN", "Infinity", "-Infinity", "1e-100", "1e100",
            "9" + new string('0', 1000) + "." + new string('1', 500), "-0." + new string('0', 100) + "1", "123456789012345678901234567890.123456789",
        ],
        ["refcursor"] = ["", "a cursor", "<unnamed portal 1>"],
        ["regprocedure"] = ["0", "int4in(cstring)", "now()"],
        ["regoper"] = ["0", "12345678", "pg_catalog.||/"],
        ["regoperator"] = ["0", "+(integer,integer)", "12345678"],
        ["regclass"] = ["0", "pg_class", "pg_catalog.pg_type", "information_schema.tables", "12345678", "\"odd \"\"\\ name,{\""],
        ["regtype"] = ["0", "integer", "timestamp with time zone", "text[]", "\"char\""],
        ["uuid"] = ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"],
        ["txid_snapshot"] = ["1:1:", "10:20:10,14,15"],
        ["pg_lsn"] = ["0/0", "FFFFFFFF/FFFFFFFF", "16/B374D848"],
        ["tsvector"] = ["", "a fat cat", "'it''s':1A 'a\\\\b':2,3B \"q\":4", "é:1"],
        ["tsquery"] = ["", "fat & (rat | !cat)", "'it''s':*A <-> b", "a <3> b"],
        ["regconfig"] = ["0", "english", "simple"],
        ["regdictionary"] = ["0", "english_stem", "simple"],
        ["jsonb"] = ["null", "1", "\"x\"", "{}", "[]", " { \"a\" :\n [1, 2.50, {\"b\":\"\\\"\\\\\\u0041\"}] } ", "\"NULL\"", "\"é日\\ud83d\\ude00\\u0001\"", "-0.0e5", "1e500"],
        ["int4range"] = ["empty", "[1,5)", "(,)", "[,10]", "[-2147483648,2147483647)"],
        ["numrange"] = ["empty", "[1.50,2.5]", "(NaN,)", "(-Infinity,Infinity)"],
        ["tsrange"] = ["empty", "[2024-01-01 00:00:00,2024-02-01 12:00:00.5)", "(,infinity]", "[0044-03-15 00:00:00 BC,)"],
        ["tstzrange"] = ["empty", "[2024-01-01 00:00:00+00,2024-02-01 12:00:00.5+00)", "(,infinity]", "[1800-01-01 00:00:00+00,)"],
        ["daterange"] = ["empty", "[2024-01-01,2024-02-01)", "(,infinity]", "[0044-03-15 BC,)"],
        ["int8range"] = ["empty", "[1,5)", "(,)", "[-9223372036854775808,9223372036854775807)"],
        ["jsonpath"] = ["$", "$.a[*] ? (@.b == \"x\\\"y\")", "strict $.\"a b\".**{2 to 5}", "$ ? (@ like_regex \"^a\\\\d\" flag \"i\")"],
        ["regnamespace"] = ["0", "pg_catalog", "12345678"],
        ["regrole"] = ["0", "postgres", "12345678"],
        ["regcollation"] = ["0", "\"C\"", "\"POSIX\"", "12345678"],
        ["int4multirange"] = ["{}", "{[1,5),[7,9)}", "{(,)}"],
        ["nummultirange"] = ["{}", "{[1.50,2.5],(3,)}"],
        ["tsmultirange"] = ["{}", "{[2024-01-01 00:00:00,2024-02-01 12:00:00.5),(2025-01-01 00:00:00,infinity]}"],
        ["tstzmultirange"] = ["{}", "{[2024-01-01 00:00:00+00,2024-02-01 12:00:00.5+00)}"],
        ["datemultirange"] = ["{}", "{[2024-01-01,2024-02-01),[2025-01-01,)}"],
        ["int8multirange"] = ["{}", "{[1,5),[7,9)}"],
        ["pg_snapshot"] = ["1:1:", "10:20:10,14,15"],
        ["xid8"] = ["0", "18446744073709551615"],
    };

    private static string[] Timestamps(string zone) =>
    [
        $"2024-02-29 01:02:03{zone}", $"2024-02-29 01:02:03.123456{zone}", $"2024-02-29 23:59:59.9{zone}", $"1970-01-01 00:00:00{zone}",
        $"1800-01-01 00:00:00{zone}", $"0001-01-02 00:00:00{zone}", $"0001-12-30 00:00:00{zone} BC", $"4713-01-01 00:00:00.000001{zone} BC",
        $"10000-01-02 00:00:00{zone}", $"294275-12-31 23:59:59.999999{zone}", "infinity", "-infinity",
    ];

    private static string AllCharacters() => string.Concat(Enumerable.Range(1, 0x2FF).Select(c => (char)c));
}

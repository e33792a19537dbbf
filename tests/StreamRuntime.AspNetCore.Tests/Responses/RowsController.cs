using Microsoft.AspNetCore.Mvc;
using StreamRuntime.AspNetCore.Responses;
using StreamRuntime.AspNetCore.Tests.Hosting;

namespace StreamRuntime.AspNetCore.Tests.Responses;

/// <summary>A controller as an application has them.</summary>
[Route("controller")]
public sealed class RowsController : ControllerBase
{
    [HttpGet("rows/{count:long}")]
    public IActionResult Rows(long count) => new JsonRowsResult(_ => GatewayHost.Sample(count), "from-controller");

    [HttpGet("failing")]
    public IActionResult Failing() => new JsonRowsResult(_ => throw new StreamRuntimeException(ErrorKind.ConnectFailed, "nobody there", isTransient: true));
}

"""Lambda on this machine: the deployed zip of a function, run as Lambda runs it.

``processes.ProcessRunner`` and ``inprocess.InProcessRunner`` are the two ways (``base.Invoker``);
``function_urls.FunctionUrls`` is the way in by HTTP; ``wiring.wired_lambda`` makes moto's own ways in (the Invoke
API) end here. Nothing in here knows what a function does.
"""

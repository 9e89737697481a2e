"""A client of the reporting service (`weighbridge serve`), typed.

    from weighbridge.client import ServiceClient

    with ServiceClient("https://weighbridge.example", token="wbu_…") as service:
        receipt = service.send(Path("weighbridge-report/report.json").read_bytes())
        for image in service.images(sort="change"):
            print(image.repository, image.name, image.size)

Answers are frozen values; sizes are bytes, what is unknown is None. Requests are tried again where the service is away.
"""

from weighbridge.client.client import ServiceClient
from weighbridge.client.values import History, Image, Receipt, Taken, Weight

__all__ = ["History", "Image", "Receipt", "ServiceClient", "Taken", "Weight"]

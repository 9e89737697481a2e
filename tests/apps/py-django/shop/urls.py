from django.http import JsonResponse
from django.templatetags.static import static
from django.urls import path

from shop.models import Order


def orders(request):
    if request.method == "POST":
        Order.objects.create(what=request.body.decode())
        return JsonResponse({"orders": Order.objects.count()}, status=201)
    return JsonResponse({"orders": list(Order.objects.values_list("what", flat=True)), "style": static("shop.css")})


urlpatterns = [path("orders", orders)]

from django.db import models


class Order(models.Model):
    what = models.CharField(max_length=200)
    at = models.DateTimeField(auto_now_add=True)

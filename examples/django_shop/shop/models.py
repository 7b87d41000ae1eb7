from django.db import models


class Order(models.Model):
    email = models.EmailField()
    total = models.IntegerField()
    receipt = models.TextField(null=True)
    loyalty = models.IntegerField(null=True)

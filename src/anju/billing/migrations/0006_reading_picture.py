import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0005_wallet"),
        ("homes", "0004_household"),
    ]

    operations = [
        migrations.CreateModel(
            name="ReadingPicture",
            fields=[
                (
                    "reading",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="picture",
                        serialize=False,
                        to="billing.reading",
                    ),
                ),
                ("key", models.UUIDField(editable=False)),
                ("image", models.BinaryField(blank=True, null=True, verbose_name="表盘照片")),
                ("at", models.DateTimeField(auto_now_add=True, verbose_name="拍摄时间")),
                ("community", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="homes.community")),
            ],
            options={
                "verbose_name": "表盘照片",
                "verbose_name_plural": "表盘照片",
            },
        ),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0004_declined_refunds"),
    ]

    operations = [
        migrations.AddField(model_name="refund", name="asked_at", field=models.DateTimeField(null=True)),
    ]

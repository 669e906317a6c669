from django.db import migrations, models

THROUGH = models.CharField(
    choices=[("wechat_pay", "微信支付"), ("alipay", "支付宝"), ("unionpay", "云闪付")],
    max_length=12,
    verbose_name="支付方式",
)


class Migration(migrations.Migration):
    dependencies = [
        ("payments", "0002_remark"),
    ]

    operations = [
        migrations.AlterField(model_name="difference", name="through", field=THROUGH),
        migrations.AlterField(model_name="payment", name="through", field=THROUGH),
        migrations.AlterField(model_name="statement", name="through", field=THROUGH),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0001_initial"),
    ]

    operations = [
        migrations.AlterField(
            model_name="receipt",
            name="method",
            field=models.CharField(
                choices=[
                    ("wechat_pay", "微信支付"),
                    ("alipay", "支付宝"),
                    ("unionpay", "云闪付"),
                    ("cash", "现金"),
                    ("pos", "刷卡"),
                    ("prepaid", "预存款"),
                ],
                max_length=10,
                verbose_name="方式",
            ),
        ),
    ]
